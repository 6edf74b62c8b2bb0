// SPDX-License-Identifier: Apache-2.0
// Files of a model directory.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace rondo::text {

/// The whole file, unpacked where it is gzip. Throws ModelError where it cannot be read.
std::string read_text_file(const std::string& path);

/// Throws ModelError where the file is missing or is not a JSON object.
nlohmann::json read_json_object(const std::string& path);
/// The same with its keys in the order of the file; an empty object where there is no such file.
nlohmann::ordered_json read_ordered_object(const std::string& path);

}  // namespace rondo::text
