// SPDX-License-Identifier: Apache-2.0
// A file seen as memory, read only. Pages come in when they are touched and may leave again, so a 20 GB checkpoint
// costs address space and not memory.
#pragma once

#include <filesystem>
#include <string_view>

namespace rondo::io {

class MappedFile {
 public:
  /// Throws ResourceError where the file cannot be opened, is not a regular file or cannot be mapped.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  /// The whole file; valid as long as this object. The mapping does not move when the object does.
  [[nodiscard]] std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace rondo::io
