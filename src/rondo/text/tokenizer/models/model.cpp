// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/models/model.h"

namespace rondo::text {
namespace {

constexpr ComponentRow<TokenModel> kRows[] = {
    {"BPE", &make_bpe},
    {"Unigram", &make_unigram},
    {"WordLevel", &make_word_level},
    {"WordPiece", &make_word_piece},
};

const char* guess_type(const Json& fields) {
  if (fields.contains("merges")) return "BPE";
  if (fields.contains("vocab") && fields.at("vocab").is_array()) return "Unigram";
  return fields.contains("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}

}  // namespace

std::unique_ptr<TokenModel> make_model(const Json& fields) {
  if (fields.is_object() && fields.contains("type")) return make_component<TokenModel>("model", kRows, fields, 0);
  const std::string type = fields.is_object() ? guess_type(fields) : "";
  for (const auto& row : kRows) {
    if (type == row.type) return row.make(fields, 0);
  }
  throw ModelError("tokenizer is malformed: field 'model' is not an object; is this a tokenizer.json?");
}

}  // namespace rondo::text
