// SPDX-License-Identifier: Apache-2.0
// WordLevel: a piece is a token. WordPiece (arXiv:1609.08144): the longest known beginning, then the longest known
// continuations, or the unknown token for all of it.
#include <utility>

#include "rondo/text/tokenizer/models/model.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

constexpr int64_t kDefaultLongestWord = 100;

class WordLevel : public TokenModel {
 public:
  WordLevel(Vocabulary vocabulary, std::string unknown)
      : vocabulary_(std::move(vocabulary)), unknown_(std::move(unknown)) {}

  const Vocabulary& vocabulary() const override { return vocabulary_; }

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override {
    auto id = vocabulary_.id(piece);
    if (!id) id = vocabulary_.id(unknown_);
    if (!id) {
      throw ModelError("tokenizer cannot encode '" + std::string(piece) + "': unknown token '" + unknown_ +
                       "' is not in the vocabulary; add it to the vocabulary");
    }
    out.push_back({*id, {0, static_cast<uint32_t>(piece.size())}});
  }

 private:
  Vocabulary vocabulary_;
  std::string unknown_;
};

class WordPiece : public TokenModel {
 public:
  WordPiece(Vocabulary vocabulary, const Json& fields)
      : vocabulary_(std::move(vocabulary)),
        unknown_(field_or<std::string>(fields, "unk_token", "[UNK]")),
        prefix_(field_or<std::string>(fields, "continuing_subword_prefix", "##")),
        longest_(static_cast<size_t>(
            std::max<int64_t>(0, field_or(fields, "max_input_chars_per_word", kDefaultLongestWord)))) {}

  const Vocabulary& vocabulary() const override { return vocabulary_; }

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override {
    const size_t before = out.size();
    if (count_code_points(piece) <= longest_ && cut(piece, out)) return;
    out.resize(before);
    const auto id = vocabulary_.id(unknown_);
    if (!id) {
      throw ModelError("tokenizer cannot encode '" + std::string(piece) + "': unknown token '" + unknown_ +
                       "' is not in the vocabulary; add it to the vocabulary");
    }
    out.push_back({*id, {0, static_cast<uint32_t>(piece.size())}});
  }

 private:
  bool cut(std::string_view piece, std::vector<ModelToken>& out) const {
    std::string key;
    for (size_t begin = 0; begin < piece.size();) {
      size_t end = piece.size();
      std::optional<int32_t> id;
      while (begin < end) {
        key = begin > 0 ? prefix_ : std::string();
        key += piece.substr(begin, end - begin);
        id = vocabulary_.id(key);
        if (id) break;
        // One character shorter.
        do --end;
        while (end > begin && (static_cast<unsigned char>(piece[end]) & 0xC0) == 0x80);
      }
      if (!id) return false;
      out.push_back({*id, {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}});
      begin = end;
    }
    return true;
  }

  Vocabulary vocabulary_;
  std::string unknown_, prefix_;
  size_t longest_;
};

}  // namespace

std::unique_ptr<TokenModel> make_word_level(const Json& fields, int) {
  return std::make_unique<WordLevel>(Vocabulary(field<Json>(fields, "vocab")),
                                     field_or<std::string>(fields, "unk_token", "<unk>"));
}

std::unique_ptr<TokenModel> make_word_piece(const Json& fields, int) {
  return std::make_unique<WordPiece>(Vocabulary(field<Json>(fields, "vocab")), fields);
}

}  // namespace rondo::text
