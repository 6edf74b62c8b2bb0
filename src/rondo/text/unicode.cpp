// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/unicode.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace rondo::text {
namespace {

// U+0130 is the one character whose lower case is longer than one code point outside any context.
constexpr char32_t kCapitalIWithDot = 0x130;
constexpr std::string_view kSmallIWithCombiningDot = "i\xCC\x87";

UChar32 as_icu(char32_t c) { return static_cast<UChar32>(c); }

bool has_category(char32_t c, uint32_t mask) { return (U_GET_GC_MASK(as_icu(c)) & mask) != 0; }

// ICU's macros mix integer widths.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
void next_or_negative(std::string_view text, size_t& pos, UChar32& c) {
  const char* const bytes = text.data();
  U8_NEXT(bytes, pos, text.size(), c);
}
#pragma GCC diagnostic pop

}  // namespace

char32_t next_code_point(std::string_view text, size_t& pos) {
  UChar32 c = 0;
  next_or_negative(text, pos, c);
  return c < 0 ? 0xFFFD : static_cast<char32_t>(c);
}

void append_utf8(std::string& out, char32_t code_point) {
  char buffer[U8_MAX_LENGTH];
  size_t length = 0;
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) code_point = 0xFFFD;
  U8_APPEND_UNSAFE(buffer, length, code_point);
  out.append(buffer, length);
}

std::string to_utf8(char32_t code_point) {
  std::string out;
  append_utf8(out, code_point);
  return out;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_valid_utf8(std::string_view text) {
  for (size_t pos = 0; pos < text.size();) {
    if (static_cast<unsigned char>(text[pos]) < 0x80) {
      ++pos;
      continue;
    }
    UChar32 c = 0;
    next_or_negative(text, pos, c);
    if (c < 0) return false;
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view bytes) {
  if (is_valid_utf8(bytes)) return std::string(bytes);
  std::string out;
  for (size_t pos = 0; pos < bytes.size();) append_utf8(out, next_code_point(bytes, pos));
  return out;
}

size_t count_code_points(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_white_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return u_isUWhiteSpace(as_icu(c)) != 0;
}

bool is_numeric(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  return has_category(c, U_GC_N_MASK);
}

bool is_punctuation(char32_t c) {
  if (c < 0x80) return (c > ' ' && c < '0') || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') || (c > 'z' && c < 0x7F);
  return has_category(c, U_GC_P_MASK);
}

bool is_word(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  return has_category(c, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK) ||
         u_hasBinaryProperty(as_icu(c), UCHAR_ALPHABETIC) || u_hasBinaryProperty(as_icu(c), UCHAR_JOIN_CONTROL);
}

bool is_mark(char32_t c) { return c >= 0x80 && has_category(c, U_GC_M_MASK); }

bool is_nonspacing_mark(char32_t c) { return c >= 0x80 && has_category(c, U_GC_MN_MASK); }

bool is_control(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return has_category(c, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK);
}

void append_lower(std::string& out, char32_t c) {
  if (c == kCapitalIWithDot) {
    out += kSmallIWithCombiningDot;
  } else {
    append_utf8(out, static_cast<char32_t>(u_tolower(as_icu(c))));
  }
}

}  // namespace rondo::text
