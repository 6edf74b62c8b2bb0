// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/normalizers/normalizer.h"

#include <utility>

#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

class SequenceNormalizer : public Normalizer {
 public:
  explicit SequenceNormalizer(std::vector<std::unique_ptr<Normalizer>> members) : members_(std::move(members)) {}
  void apply(AlignedText& text) const override {
    for (const auto& member : members_) member->apply(text);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> members_;
};

std::unique_ptr<Normalizer> make_sequence(const Json& fields, int depth) {
  return std::make_unique<SequenceNormalizer>(make_members(fields, "normalizers", depth, &make_normalizer));
}

constexpr ComponentRow<Normalizer> kRows[] = {
    {"BertNormalizer", &make_bert_normalizer},
    {"ByteLevel", &make_byte_level_normalizer},
    {"Lowercase", &make_lowercase},
    {"NFC", &make_nfc},
    {"NFD", &make_nfd},
    {"NFKC", &make_nfkc},
    {"NFKD", &make_nfkd},
    {"Nmt", &make_nmt},
    {"Precompiled", &make_precompiled},
    {"Prepend", &make_prepend},
    {"Replace", &make_replace},
    {"Sequence", &make_sequence},
    {"Strip", &make_strip},
    {"StripAccents", &make_strip_accents},
};

}  // namespace

std::unique_ptr<Normalizer> make_normalizer(const Json& fields, int depth) {
  return make_component<Normalizer>("normalizer", kRows, fields, depth);
}

void rewrite_characters(AlignedText& text, CharacterRewriter rewrite) {
  TextEditor editor(text);
  std::string out;
  const std::string_view view = text.view();
  for (size_t pos = 0; pos < view.size();) {
    const size_t begin = pos;
    const char32_t c = next_code_point(view, pos);
    out.clear();
    if (rewrite(c, out)) {
      if (!out.empty()) editor.put(out, begin, pos);
    } else {
      editor.keep(begin, pos);
    }
  }
  editor.finish(text);
}

}  // namespace rondo::text
