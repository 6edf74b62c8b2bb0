// SPDX-License-Identifier: Apache-2.0
// A temporary file without a name: records are appended once and read at random; it vanishes with the process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace rondo::data {

class Spool {
 public:
  /// Throws ResourceError where the folder cannot be written.
  explicit Spool(const std::filesystem::path& folder);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// Appends and returns the position. Throws ResourceError on a full disk.
  uint64_t append(std::string_view record);
  /// To be called after the last append and before any read.
  void flush();
  /// Safe from several threads at once.
  [[nodiscard]] std::string read(uint64_t position, uint64_t bytes) const;

 private:
  void write(std::string_view bytes);
  [[noreturn]] void fail(const char* action, int error) const;

  std::filesystem::path folder_;
  int file_ = -1;
  uint64_t size_ = 0;
  std::string buffer_;
};

}  // namespace rondo::data
