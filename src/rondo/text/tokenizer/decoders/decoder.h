// SPDX-License-Identifier: Apache-2.0
// Decoders: tokens -> text. A new one is a maker and a row of decoder.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rondo/text/tokenizer/component.h"

namespace rondo::text {

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Rewrites the list of strings; in the end they are joined.
  virtual void apply(std::vector<std::string>& tokens) const = 0;
};

/// Throws ModelError where the type is unknown or a field is missing.
std::unique_ptr<Decoder> make_decoder(const Json& fields, int depth = 0);

// Makers that stand in decoder_words.cpp.
std::unique_ptr<Decoder> make_word_piece_decoder(const Json& fields, int depth);
std::unique_ptr<Decoder> make_bpe_decoder(const Json& fields, int depth);
std::unique_ptr<Decoder> make_ctc_decoder(const Json& fields, int depth);

}  // namespace rondo::text
