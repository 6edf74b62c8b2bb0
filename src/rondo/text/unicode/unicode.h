// SPDX-License-Identifier: Apache-2.0
// UTF-8 and character properties, as the tokenizers of the field see them.
//
// Property predicates follow the Unicode data of ICU; the names say which published definition they stand for, because
// "white space" and "punctuation" mean different things in different tokenizer components.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rondo::text {

/// U+FFFD, which stands for bytes that are not UTF-8.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// The code point at `pos`, which moves past it. Ill-formed bytes give U+FFFD, one per maximal part.
char32_t next_code_point(std::string_view text, size_t& pos);

/// Bytes of the character that begins with `lead`, in valid UTF-8.
inline size_t utf8_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

void append_utf8(std::string& out, char32_t code_point);
std::string to_utf8(char32_t code_point);

bool is_ascii(std::string_view text);
bool is_valid_utf8(std::string_view text);
/// The text with every maximal ill-formed part replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view bytes);

/// Number of code points of valid UTF-8.
size_t count_code_points(std::string_view text);

/// The property White_Space.
bool is_white_space(char32_t c);
/// General category N (decimal digits, letters and other numbers).
bool is_numeric(char32_t c);
/// ASCII punctuation and symbols, and general category P.
bool is_punctuation(char32_t c);
/// Regular expressions' word character by UTS 18: alphabetic, mark, decimal digit, connector punctuation, joiner.
bool is_word(char32_t c);
/// General category M.
bool is_mark(char32_t c);
/// General category Mn.
bool is_nonspacing_mark(char32_t c);
/// General category Cc, Cf or Co, except tab, line feed and carriage return.
bool is_control(char32_t c);

/// Full lower case of one character without context (no final sigma).
void append_lower(std::string& out, char32_t c);

}  // namespace rondo::text
