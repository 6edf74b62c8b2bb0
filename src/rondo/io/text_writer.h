// SPDX-License-Identifier: Apache-2.0
// Text files that appear whole or not at all, compressed where the name ends in .gz.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace rondo::io {

class TextWriter {
 public:
  /// "-" is standard output.
  explicit TextWriter(const std::string& path);
  ~TextWriter();
  TextWriter(const TextWriter&) = delete;
  TextWriter& operator=(const TextWriter&) = delete;

  void write(std::string_view text);
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rondo::io
