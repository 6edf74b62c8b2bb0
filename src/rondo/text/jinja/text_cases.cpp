// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/jinja/text_cases.h"

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "rondo/text/unicode/unicode.h"

namespace rondo::text::jinja {
namespace {

std::string from_icu(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

// White space of str.strip(): the Unicode property and the four separators of ASCII.
bool is_python_space(char32_t c) { return is_white_space(c) || (c >= 0x1C && c <= 0x1F); }

bool has_case(char32_t c) {
  return u_isULowercase(static_cast<UChar32>(c)) != 0 || u_isUUppercase(static_cast<UChar32>(c)) != 0 ||
         u_istitle(static_cast<UChar32>(c)) != 0;
}

void append_title(std::string& out, char32_t c) {
  icu::UnicodeString letter(static_cast<UChar32>(c));
  out += from_icu(letter.toTitle(nullptr, icu::Locale::getRoot()));
}

}  // namespace

std::string upper_text(const std::string& text) {
  return from_icu(icu::UnicodeString::fromUTF8(text).toUpper(icu::Locale::getRoot()));
}

std::string lower_text(const std::string& text) {
  return from_icu(icu::UnicodeString::fromUTF8(text).toLower(icu::Locale::getRoot()));
}

std::string capitalize_text(const std::string& text) {
  if (text.empty()) return text;
  size_t pos = 0;
  std::string out;
  append_title(out, next_code_point(text, pos));
  return out + lower_text(text.substr(pos));
}

std::string title_text(const std::string& text) {
  std::string out;
  bool after_letter = false;
  for (size_t pos = 0; pos < text.size();) {
    const char32_t c = next_code_point(text, pos);
    if (after_letter) {
      append_lower(out, c);
    } else {
      append_title(out, c);
    }
    after_letter = has_case(c);
  }
  return out;
}

bool is_upper_text(const std::string& text) {
  bool any = false;
  for (size_t pos = 0; pos < text.size();) {
    const auto c = static_cast<UChar32>(next_code_point(text, pos));
    if (u_isULowercase(c) != 0 || u_istitle(c) != 0) return false;
    any = any || u_isUUppercase(c) != 0;
  }
  return any;
}

bool is_lower_text(const std::string& text) {
  bool any = false;
  for (size_t pos = 0; pos < text.size();) {
    const auto c = static_cast<UChar32>(next_code_point(text, pos));
    if (u_isUUppercase(c) != 0 || u_istitle(c) != 0) return false;
    any = any || u_isULowercase(c) != 0;
  }
  return any;
}

bool all_characters(const std::string& text, const std::function<bool(char32_t)>& holds) {
  for (size_t pos = 0; pos < text.size();) {
    if (!holds(next_code_point(text, pos))) return false;
  }
  return !text.empty();
}

std::string strip_text(const std::string& text, const std::string& characters, bool left, bool right) {
  std::u32string wanted;
  for (size_t pos = 0; pos < characters.size();) wanted += next_code_point(characters, pos);
  const auto strips = [&](char32_t c) {
    return wanted.empty() ? is_python_space(c) : wanted.find(c) != std::u32string::npos;
  };
  size_t begin = text.size(), end = 0;
  for (size_t pos = 0; pos < text.size();) {
    const size_t start = pos;
    if (strips(next_code_point(text, pos))) continue;
    begin = std::min(begin, start);
    end = pos;
  }
  if (end == 0) return left || right ? "" : text;
  if (!left) begin = 0;
  if (!right) end = text.size();
  return text.substr(begin, end - begin);
}

}  // namespace rondo::text::jinja
