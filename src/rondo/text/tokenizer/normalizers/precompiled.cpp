// SPDX-License-Identifier: Apache-2.0
// sentencepiece's precompiled character map: a Darts double-array trie from byte strings to offsets into a list of
// zero-terminated replacements, base64 in the file.
//
// The replacement of a grapheme shorter than six bytes is looked up first, then that of each character. What is taken
// is the value of the *shortest* key that begins the grapheme, and it replaces all of it: vocabularies were made so.
#include <unicode/brkiter.h>
#include <unicode/utext.h>

#include <array>
#include <cstring>
#include <utility>

#include "rondo/text/tokenizer/normalizers/normalizer.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

constexpr size_t kLongestGrapheme = 5;

[[noreturn]] void refuse(const char* fact) {
  throw ModelError(std::string("tokenizer is malformed: precompiled_charsmap: ") + fact +
                   "; is the file cut, or from another tool than sentencepiece?");
}

std::string decode_base64(std::string_view text) {
  std::array<int, 256> values;
  values.fill(-1);
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < kDigits.size(); ++i) values[static_cast<unsigned char>(kDigits[i])] = static_cast<int>(i);
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const int value = values[static_cast<unsigned char>(c)];
    if (value < 0) refuse("not base64");
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

// Darts units: bit 31 marks a leaf value; otherwise label in the low byte (with bit 31), "has leaf" in bit 8, and an
// offset in bits 10 to 30, in steps of 256 where bit 9 is set.
class DoubleArray {
 public:
  explicit DoubleArray(std::vector<uint32_t> units) : units_(std::move(units)) {}

  /// The value of the shortest key that begins `text`, or -1.
  int64_t shortest_prefix(std::string_view text) const {
    if (units_.empty()) return -1;
    size_t node = offset(units_[0]);
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte == 0) return -1;
      node ^= byte;
      if (node >= units_.size()) return -1;
      const uint32_t unit = units_[node];
      if ((unit & 0x800000FFU) != byte) return -1;
      node ^= offset(unit);
      if ((unit >> 8 & 1) == 0) continue;
      return node < units_.size() ? static_cast<int64_t>(units_[node] & 0x7FFFFFFFU) : -1;
    }
    return -1;
  }

 private:
  static size_t offset(uint32_t unit) { return static_cast<size_t>(unit >> 10) << ((unit & 0x200U) >> 6); }
  std::vector<uint32_t> units_;
};

uint32_t read_u32(const std::string& bytes, size_t pos) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[pos + i])) << (8 * i);
  return value;
}

class Precompiled : public Normalizer {
 public:
  explicit Precompiled(const std::string& map) : trie_(read_trie(map)) {
    if (!map.empty()) replacements_ = map.substr(4 + read_u32(map, 0));
  }

  void apply(AlignedText& text) const override {
    TextEditor editor(text);
    const std::string_view view = text.view();
    for_each_grapheme(view, [&](size_t begin, size_t end) {
      if (end - begin <= kLongestGrapheme && replace(editor, view, begin, end)) return;
      for (size_t pos = begin; pos < end;) {
        const size_t next = pos + utf8_length(view[pos]);
        if (!replace(editor, view, pos, next)) keep(editor, view, pos, next);
        pos = next;
      }
    });
    editor.finish(text);
  }

 private:
  static DoubleArray read_trie(const std::string& map) {
    if (map.empty()) return DoubleArray({});
    if (map.size() < 4) refuse("no trie size");
    const size_t size = read_u32(map, 0);
    if (size > map.size() - 4) refuse("the trie is longer than the map");
    std::vector<uint32_t> units(size / 4);
    for (size_t i = 0; i < units.size(); ++i) units[i] = read_u32(map, 4 + 4 * i);
    return DoubleArray(std::move(units));
  }

  bool replace(TextEditor& editor, std::string_view view, size_t begin, size_t end) const {
    const int64_t place = trie_.shortest_prefix(view.substr(begin, end - begin));
    if (place < 0 || static_cast<size_t>(place) > replacements_.size()) return false;
    const char* const content = replacements_.c_str() + place;
    if (!is_valid_utf8(content)) return false;
    if (*content != 0) editor.put(content, editor.size() == 0 ? 0 : begin, end);
    return true;
  }

  // What is deleted in front of the text counts as part of the first character that stays, as in the tokenizers
  // library: Metaspace asks whether a piece begins at the start.
  static void keep(TextEditor& editor, std::string_view view, size_t begin, size_t end) {
    if (editor.size() == 0 && begin > 0) {
      editor.put(view.substr(begin, end - begin), 0, end);
    } else {
      editor.keep(begin, end);
    }
  }

  template <typename Visit>
  static void for_each_grapheme(std::string_view view, Visit&& visit) {
    if (is_ascii(view)) {
      // Of ASCII only CR LF is a grapheme of two characters.
      for (size_t pos = 0; pos < view.size();) {
        const size_t length = view.substr(pos, 2) == "\r\n" ? 2 : 1;
        visit(pos, pos + length);
        pos += length;
      }
      return;
    }
    UErrorCode status = U_ZERO_ERROR;
    UText utext = UTEXT_INITIALIZER;
    utext_openUTF8(&utext, view.data(), static_cast<int64_t>(view.size()), &status);
    const std::unique_ptr<icu::BreakIterator> breaks(
        icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
    if (U_FAILURE(status))
      throw ResourceError("Unicode data is missing: grapheme breaks; is ICU installed with its data?");
    breaks->setText(&utext, status);
    int32_t begin = breaks->first();
    for (int32_t end = breaks->next(); end != icu::BreakIterator::DONE; end = breaks->next()) {
      visit(static_cast<size_t>(begin), static_cast<size_t>(end));
      begin = end;
    }
    utext_close(&utext);
  }

  DoubleArray trie_;
  std::string replacements_;
};

}  // namespace

std::unique_ptr<Normalizer> make_precompiled(const Json& fields, int) {
  return std::make_unique<Precompiled>(decode_base64(field_or<std::string>(fields, "precompiled_charsmap", "")));
}

}  // namespace rondo::text
