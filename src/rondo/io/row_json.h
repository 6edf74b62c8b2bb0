// SPDX-License-Identifier: Apache-2.0
// JSON of rows: keys in the order of the text, and numbers that neither a 64-bit integer nor a double can hold.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace rondo::io {

/// What becomes of a number whose digits would be lost.
///   kValues   an integer beyond 64 bits is the text of its digits (ids), another number the nearest double
///   kDigits   both are kept as they are spelled, in a form that dump_row alone understands
enum class RowNumbers { kValues, kDigits };

/// As try_parse_json (io/json.h): what is wrong with `text`, "" where it is well formed. `loses_digits`: some number is
/// not written as it was read.
[[nodiscard]] std::string try_parse_row(std::string_view text, RowNumbers numbers, nlohmann::ordered_json& value,
                                        bool& loses_digits);

/// A value of kDigits as one line.
[[nodiscard]] std::string dump_row(const nlohmann::ordered_json& row);

}  // namespace rondo::io
