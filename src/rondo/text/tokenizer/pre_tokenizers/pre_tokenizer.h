// SPDX-License-Identifier: Apache-2.0
// Pre-tokenizers: cut the normalised text into the pieces that the model sees one at a time. A new one is a maker in a
// file, and a row of pre_tokenizer.cpp.
#pragma once

#include <memory>

#include "rondo/text/tokenizer/component.h"
#include "rondo/text/tokenizer/pieces.h"

namespace rondo::text {

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void apply(PieceList& list) const = 0;
  /// Asks the last stage to leave bytes as they are, for a model that reads bytes itself. False where the last stage
  /// is not the byte alphabet.
  virtual bool leave_bytes() { return false; }
};

/// Throws ModelError where the type is unknown or a field is missing.
std::unique_ptr<PreTokenizer> make_pre_tokenizer(const Json& fields, int depth = 0);

// The rows' makers, by file.
std::unique_ptr<PreTokenizer> make_byte_level(const Json& fields, int depth);  // pre_tokenizer_byte_level.cpp
std::unique_ptr<PreTokenizer> make_metaspace(const Json& fields, int depth);   // pre_tokenizer_metaspace.cpp
std::unique_ptr<PreTokenizer> make_split(const Json& fields, int depth);       // pre_tokenizer_split.cpp
std::unique_ptr<PreTokenizer> make_digits(const Json& fields, int depth);
std::unique_ptr<PreTokenizer> make_punctuation(const Json& fields, int depth);
std::unique_ptr<PreTokenizer> make_delimiter(const Json& fields, int depth);
std::unique_ptr<PreTokenizer> make_whitespace_split(const Json& fields, int depth);
std::unique_ptr<PreTokenizer> make_whitespace(const Json& fields, int depth);
std::unique_ptr<PreTokenizer> make_bert_pre_tokenizer(const Json& fields, int depth);
std::unique_ptr<PreTokenizer> make_fixed_length(const Json& fields, int depth);
std::unique_ptr<PreTokenizer> make_unicode_scripts(const Json& fields, int depth);  // pre_tokenizer_scripts.cpp

}  // namespace rondo::text
