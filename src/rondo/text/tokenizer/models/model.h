// SPDX-License-Identifier: Apache-2.0
// Models: one piece of text -> tokens. A new one is a file with a maker, and a row of model.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/text/tokenizer/aligned_text.h"
#include "rondo/text/tokenizer/component.h"
#include "rondo/text/tokenizer/vocabulary.h"

namespace rondo::text {

/// A token of a piece, with the bytes of the piece that it covers.
struct ModelToken {
  int32_t id = 0;
  TextSpan span;
};

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  /// Appends the tokens of one piece. Safe to call from several threads. Throws ModelError where the piece has no
  /// tokens and the vocabulary no unknown token.
  virtual void tokenize(std::string_view piece, std::vector<ModelToken>& out) const = 0;
  virtual const Vocabulary& vocabulary() const = 0;
  /// Asks the model to read raw bytes where it would read characters of the byte alphabet. False where it cannot.
  virtual bool read_bytes() { return false; }
};

/// Older files lack "type"; the fields then tell the kind. Throws ModelError.
std::unique_ptr<TokenModel> make_model(const Json& fields);

// The rows' makers, each in the file of its name.
std::unique_ptr<TokenModel> make_bpe(const Json& fields, int depth);
std::unique_ptr<TokenModel> make_unigram(const Json& fields, int depth);
std::unique_ptr<TokenModel> make_word_level(const Json& fields, int depth);
std::unique_ptr<TokenModel> make_word_piece(const Json& fields, int depth);

}  // namespace rondo::text
