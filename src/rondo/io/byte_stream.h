// SPDX-License-Identifier: Apache-2.0
// Bytes of a file or of standard input, front to back, inflated on the way where they are gzip (told by content, not by
// name).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace rondo::io {

class ByteStream {
 public:
  /// path: a file, or "-" for standard input. Throws ResourceError where it cannot be opened.
  explicit ByteStream(const std::filesystem::path& path);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// The bytes that come next, none of them consumed: at least `wanted` of them unless the stream ends before. Valid
  /// until the next call. Throws DataError where the gzip data are damaged or cut.
  [[nodiscard]] std::string_view peek(size_t wanted);
  /// Moves on by `count` bytes, which were seen by peek before.
  void skip(size_t count);

  /// Neither standard input nor compressed: the file can be opened again under name().
  [[nodiscard]] bool is_plain_file() const;

  /// The name for messages: the path, or "standard input".
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::string name_;
};

}  // namespace rondo::io
