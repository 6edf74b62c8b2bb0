// SPDX-License-Identifier: Apache-2.0
// BERT's text cleaning (arXiv:1810.04805, the "basic tokenizer"): control characters out, white space to spaces, CJK
// ideographs between spaces, accents and case dropped where asked.
#include "rondo/text/tokenizer/normalizers/normalizer.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

bool clean(char32_t c, std::string& out) {
  if (c == 0 || c == 0xFFFD || is_control(c)) return true;
  if (!is_white_space(c)) return false;
  out = " ";
  return true;
}

struct Range {
  char32_t first, last;
};

// The CJK ideograph blocks that BERT lists.
constexpr Range kIdeographs[] = {{0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
                                 {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};

bool space_ideographs(char32_t c, std::string& out) {
  for (const Range& range : kIdeographs) {
    if (c < range.first || c > range.last) continue;
    out = " ";
    append_utf8(out, c);
    out += ' ';
    return true;
  }
  return false;
}

bool drop_nonspacing(char32_t c, std::string&) { return is_nonspacing_mark(c); }

bool lower(char32_t c, std::string& out) {
  append_lower(out, c);
  return true;
}

class BertNormalizer : public Normalizer {
 public:
  explicit BertNormalizer(const Json& fields)
      : clean_text_(field_or(fields, "clean_text", true)),
        space_ideographs_(field_or(fields, "handle_chinese_chars", true)),
        lowercase_(field_or(fields, "lowercase", true)),
        strip_accents_(field_or(fields, "strip_accents", lowercase_)) {}

  void apply(AlignedText& text) const override {
    if (clean_text_) rewrite_characters(text, &clean);
    if (space_ideographs_) rewrite_characters(text, &space_ideographs);
    if (strip_accents_) {
      apply_normal_form(text, "nfc", false);
      rewrite_characters(text, &drop_nonspacing);
    }
    if (lowercase_) rewrite_characters(text, &lower);
  }

 private:
  bool clean_text_, space_ideographs_, lowercase_, strip_accents_;
};

}  // namespace

std::unique_ptr<Normalizer> make_bert_normalizer(const Json& fields, int) {
  return std::make_unique<BertNormalizer>(fields);
}

}  // namespace rondo::text
