// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/unicode/unicode.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <iterator>

#include "rondo/text/unicode/unicode_versions.h"

namespace rondo::text {
namespace {

// U+0130 is the one character whose lower case is longer than one code point outside any context.
constexpr char32_t kCapitalIWithDot = 0x130;
constexpr std::string_view kSmallIWithCombiningDot = "i\xCC\x87";

// BERT's categories in the tokenizers library, and the marks that its StripAccents drops.
constexpr int kCategoryVersion = 8;
constexpr int kNormalFormVersion = 9;

struct CodeRange {
  char32_t first, last;
};
// Characters whose category is another one today than in those versions.
constexpr CodeRange kFormerPunctuation[] = {{0x166D, 0x166D}, {0x111C9, 0x111C9}};
constexpr CodeRange kFormerMarks[] = {{0x1CF2, 0x1CF3}};
constexpr CodeRange kLaterMarks[] = {{0x111C9, 0x111C9}};
constexpr CodeRange kFormerNonspacing[] = {{0x1734, 0x1734}};
constexpr CodeRange kLaterNonspacing[] = {{0x1885, 0x1886}, {0xA9BD, 0xA9BD}, {0x111C9, 0x111C9}};

template <size_t kSize>
bool is_in(const CodeRange (&ranges)[kSize], char32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [c](const CodeRange& r) { return c >= r.first && c <= r.last; });
}

struct LowerRange {
  char32_t first, last, lower;
};

// Capitals of Unicode 16 and 17.
constexpr LowerRange kNewerLower[] = {{0x1C89, 0x1C89, 0x1C8A},   {0xA7CB, 0xA7CB, 0x264},  {0xA7CC, 0xA7CC, 0xA7CD},
                                      {0xA7CE, 0xA7CE, 0xA7CF},   {0xA7D2, 0xA7D2, 0xA7D3}, {0xA7D4, 0xA7D4, 0xA7D5},
                                      {0xA7DA, 0xA7DA, 0xA7DB},   {0xA7DC, 0xA7DC, 0x19B},  {0x10D50, 0x10D65, 0x10D70},
                                      {0x16EA0, 0x16EB8, 0x16EBB}};

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
  // Digits of Unicode 17.
  if ((c >= 0x11DE0 && c <= 0x11DE9) || (c >= 0x16FF4 && c <= 0x16FF6)) return true;
  return has_category(older_stand_in(c), U_GC_N_MASK);
}

bool is_punctuation(char32_t c) {
  if (c < 0x80) return (c > ' ' && c < '0') || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') || (c > 'z' && c < 0x7F);
  if (is_in(kFormerPunctuation, c)) return true;
  return has_category(c, U_GC_P_MASK) && is_assigned_in(c, kCategoryVersion);
}

bool is_word(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  const char32_t known = older_stand_in(c);
  return has_category(known, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK) ||
         u_hasBinaryProperty(as_icu(known), UCHAR_ALPHABETIC) || u_hasBinaryProperty(as_icu(known), UCHAR_JOIN_CONTROL);
}

bool is_mark(char32_t c) {
  if (c < 0x80) return false;
  if (is_in(kFormerMarks, c)) return true;
  return has_category(c, U_GC_M_MASK) && is_assigned_in(c, kNormalFormVersion) && !is_in(kLaterMarks, c);
}

bool is_nonspacing_mark(char32_t c) {
  if (c < 0x80) return false;
  if (is_in(kFormerNonspacing, c)) return true;
  return has_category(c, U_GC_MN_MASK) && is_assigned_in(c, kCategoryVersion) && !is_in(kLaterNonspacing, c);
}

bool is_control(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return has_category(c, U_GC_CC_MASK | U_GC_CO_MASK) ||
         (has_category(c, U_GC_CF_MASK) && is_assigned_in(c, kCategoryVersion));
}

void append_lower(std::string& out, char32_t c) {
  if (c == kCapitalIWithDot) {
    out += kSmallIWithCombiningDot;
    return;
  }
  for (const LowerRange& range : kNewerLower) {
    if (c < range.first || c > range.last) continue;
    append_utf8(out, range.lower + (c - range.first));
    return;
  }
  append_utf8(out, static_cast<char32_t>(u_tolower(as_icu(c))));
}

}  // namespace rondo::text
