// SPDX-License-Identifier: Apache-2.0
// A JSON array written element by element, for lists that are larger than memory wants to hold. Appears whole or not
// at all.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "rondo/io/text_writer.h"

namespace rondo::io {

class JsonListWriter {
 public:
  /// Compressed where the name ends in .gz. Throws ResourceError where the file cannot be written.
  explicit JsonListWriter(const std::filesystem::path& path) : writer_(path.string()) {}

  void write(const nlohmann::ordered_json& element);
  void commit();

 private:
  TextWriter writer_;
  bool is_empty_ = true;
};

}  // namespace rondo::io
