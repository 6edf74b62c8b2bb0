// SPDX-License-Identifier: Apache-2.0
// GPT-2's alphabet: every byte has a visible character, so that byte sequences can be vocabulary strings.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rondo::text {

/// The character of every byte, as UTF-8.
const std::array<std::string, 256>& byte_characters();

/// The bytes that a string of the alphabet stands for, or nothing where a character is not of the alphabet.
std::optional<std::string> bytes_of_characters(std::string_view text);

}  // namespace rondo::text
