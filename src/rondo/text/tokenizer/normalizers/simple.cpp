// SPDX-License-Identifier: Apache-2.0
// Normalizers of a few lines each.
#include <utility>

#include "rondo/text/regex/pattern.h"
#include "rondo/text/tokenizer/byte_alphabet.h"
#include "rondo/text/tokenizer/normalizers/normalizer.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

class CharacterNormalizer : public Normalizer {
 public:
  explicit CharacterNormalizer(CharacterRewriter rewrite) : rewrite_(rewrite) {}
  void apply(AlignedText& text) const override { rewrite_characters(text, rewrite_); }

 private:
  CharacterRewriter rewrite_;
};

bool lower(char32_t c, std::string& out) {
  append_lower(out, c);
  return true;
}

bool drop_marks(char32_t c, std::string&) { return is_mark(c); }

// The control characters that sentencepiece's "nmt" rules delete, and the white space they turn into a plain space.
bool nmt(char32_t c, std::string& out) {
  const bool deleted =
      (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
  if (deleted) return true;
  const bool space = c == 0x9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                     c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
  if (space) out = " ";
  return space;
}

bool to_byte_characters(char32_t c, std::string& out) {
  for (const char byte : to_utf8(c)) out += byte_characters()[static_cast<unsigned char>(byte)];
  return true;
}

class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  void apply(AlignedText& text) const override {
    const std::string_view view = text.view();
    size_t begin = view.size(), end = 0;
    for (size_t pos = 0; pos < view.size();) {
      const size_t start = pos;
      if (is_white_space(next_code_point(view, pos))) continue;
      begin = std::min(begin, start);
      end = pos;
    }
    if (!left_) begin = 0;
    if (!right_) end = view.size();
    TextEditor editor(text);
    editor.keep(begin, end);
    editor.finish(text);
  }

 private:
  bool left_, right_;
};

class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  void apply(AlignedText& text) const override {
    if (text.size() == 0) return;
    TextEditor editor(text);
    editor.put(prefix_, 0, 0);
    editor.keep(0, text.size());
    editor.finish(text);
  }

 private:
  std::string prefix_;
};

class Replace : public Normalizer {
 public:
  Replace(Pattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void apply(AlignedText& text) const override {
    std::vector<TextSpan> matches;
    pattern_.find_all(text.view(), matches);
    if (matches.empty()) return;
    TextEditor editor(text);
    size_t done = 0;
    for (const TextSpan& match : matches) {
      editor.keep(done, match.begin);
      if (!content_.empty()) editor.put(content_, match.begin, match.end);
      done = match.end;
    }
    editor.keep(done, text.size());
    editor.finish(text);
  }

 private:
  Pattern pattern_;
  std::string content_;
};

}  // namespace

std::unique_ptr<Normalizer> make_lowercase(const Json&, int) { return std::make_unique<CharacterNormalizer>(&lower); }
std::unique_ptr<Normalizer> make_strip_accents(const Json&, int) {
  return std::make_unique<CharacterNormalizer>(&drop_marks);
}
std::unique_ptr<Normalizer> make_nmt(const Json&, int) { return std::make_unique<CharacterNormalizer>(&nmt); }
std::unique_ptr<Normalizer> make_byte_level_normalizer(const Json&, int) {
  return std::make_unique<CharacterNormalizer>(&to_byte_characters);
}
std::unique_ptr<Normalizer> make_strip(const Json& fields, int) {
  return std::make_unique<Strip>(field_or(fields, "strip_left", true), field_or(fields, "strip_right", true));
}
std::unique_ptr<Normalizer> make_prepend(const Json& fields, int) {
  return std::make_unique<Prepend>(field<std::string>(fields, "prepend"));
}
std::unique_ptr<Normalizer> make_replace(const Json& fields, int) {
  return std::make_unique<Replace>(Pattern(field<Json>(fields, "pattern")), field<std::string>(fields, "content"));
}

}  // namespace rondo::text
