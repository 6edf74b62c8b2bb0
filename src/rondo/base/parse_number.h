// SPDX-License-Identifier: Apache-2.0
// A number from the whole of a text, or nothing.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace rondo {

/// Nothing where the text has anything else, also around the number, or the number does not fit into T. "nan" and "inf"
/// are numbers of a floating T.
template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace rondo
