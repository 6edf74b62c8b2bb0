// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/pre_tokenizers/pre_tokenizer.h"

#include <utility>

namespace rondo::text {
namespace {

class SequencePreTokenizer : public PreTokenizer {
 public:
  explicit SequencePreTokenizer(std::vector<std::unique_ptr<PreTokenizer>> members) : members_(std::move(members)) {}
  void apply(PieceList& list) const override {
    for (const auto& member : members_) member->apply(list);
  }
  bool leave_bytes() override { return !members_.empty() && members_.back()->leave_bytes(); }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> members_;
};

std::unique_ptr<PreTokenizer> make_sequence(const Json& fields, int depth) {
  return std::make_unique<SequencePreTokenizer>(make_members(fields, "pretokenizers", depth, &make_pre_tokenizer));
}

constexpr ComponentRow<PreTokenizer> kRows[] = {
    {"BertPreTokenizer", &make_bert_pre_tokenizer},
    {"ByteLevel", &make_byte_level},
    {"CharDelimiterSplit", &make_delimiter},
    {"Digits", &make_digits},
    {"FixedLength", &make_fixed_length},
    {"Metaspace", &make_metaspace},
    {"Punctuation", &make_punctuation},
    {"Sequence", &make_sequence},
    {"Split", &make_split},
    {"UnicodeScripts", &make_unicode_scripts},
    {"Whitespace", &make_whitespace},
    {"WhitespaceSplit", &make_whitespace_split},
};

}  // namespace

std::unique_ptr<PreTokenizer> make_pre_tokenizer(const Json& fields, int depth) {
  return make_component<PreTokenizer>("pre-tokenizer", kRows, fields, depth);
}

}  // namespace rondo::text
