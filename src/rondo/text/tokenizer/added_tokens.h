// SPDX-License-Identifier: Apache-2.0
// Added tokens: strings that are found in the text before anything else happens to it (or, where `normalized`, right
// after normalisation) and become one token.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "rondo/text/tokenizer/byte_trie.h"
#include "rondo/text/tokenizer/normalizers/normalizer.h"
#include "rondo/text/tokenizer/pieces.h"
#include "rondo/text/tokenizer/vocabulary.h"

namespace rondo::text {

struct AddedToken {
  std::string content;
  int32_t id = -1;
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // takes the white space after it
  bool single_word = false;  // not inside a word
  bool normalized = false;   // looked for in the normalised text, itself normalised
  bool special = false;
  std::string decoded;  // what decoders see: the normalised content of a `normalized` token
};

class AddedTokens {
 public:
  /// From the list "added_tokens". A string of the model's vocabulary has the id it has there; the others are numbered
  /// from the size of that vocabulary on, in the order of the list: the ids in the list are not used, as in the
  /// tokenizers library.
  AddedTokens(const Json& list, const Vocabulary& model_vocabulary, const Normalizer* normalizer);

  /// Cuts the text at the added tokens and normalises what lies between them. `text` is valid UTF-8.
  PieceList cut(std::string text, const Normalizer* normalizer) const;

  const AddedToken* by_id(int32_t id) const;
  const AddedToken* by_content(std::string_view content) const;
  bool is_special(std::string_view content) const;
  const std::vector<AddedToken>& tokens() const { return tokens_; }

 private:
  // One of the two sets that are searched one after the other.
  void find(const ByteTrie& trie, std::string_view text, std::vector<Piece>& out) const;
  bool stands_alone(std::string_view text, size_t begin, size_t end) const;

  std::vector<AddedToken> tokens_;
  StringMap<size_t> by_content_;
  std::unordered_map<int32_t, size_t> by_id_;
  std::set<std::string, std::less<>> specials_;
  ByteTrie raw_, normalized_;
};

}  // namespace rondo::text
