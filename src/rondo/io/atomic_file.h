// SPDX-License-Identifier: Apache-2.0
// Writing that a crash cannot leave half done: a temporary file in the same folder, fsync, rename. A reader sees the
// old content or the new one, never a mixture.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace rondo::io {

/// One file being written. Until commit() the target is untouched; without it the temporary file is removed.
/// A target that exists and is not a regular file (a pipe, a device) is written directly: renaming over it would
/// replace it. "-" is standard output; it and names of open files (/dev/stdout, /dev/fd/3) are written where they
/// stand, also where they lead to a regular file. Another symbolic link is followed, so that the link survives.
class AtomicFile {
 public:
  /// Throws ResourceError where the folder cannot be written.
  explicit AtomicFile(const std::filesystem::path& target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends. Buffered; throws ResourceError on a full disk.
  void write(std::string_view bytes);
  /// Writes at a position, for files whose parts are made in another order. Regular files only.
  void write_at(uint64_t offset, std::string_view bytes);
  /// Makes the content durable and visible under the target name. Nothing may be written afterwards.
  void commit();

 private:
  void flush();
  [[noreturn]] void fail(const char* action, int error) const;

  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty: the target itself is written
  std::string buffer_;
  int file_ = -1;
};

/// Writes a whole file atomically.
void write_file(const std::filesystem::path& target, std::string_view content);

/// Removes the temporary files that a killed process left in `folder` and below. For a run that owns its folder: nobody
/// else may be writing there.
void remove_leftovers(const std::filesystem::path& folder);

/// Turns a finished folder `part` (by convention DIR.part) into `target`: syncs every file of it, then swaps the names
/// and removes what stood there before. At no moment is `target` incomplete. Both lie in one file system.
void publish_directory(const std::filesystem::path& part, const std::filesystem::path& target);

}  // namespace rondo::io
