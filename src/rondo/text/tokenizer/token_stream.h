// SPDX-License-Identifier: Apache-2.0
// Decoding one token at a time, for texts that are shown while they are made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rondo/text/tokenizer/tokenizer.h"

namespace rondo::text {

/// The pieces of text, put together, are decode() of all ids. A piece never ends inside a character: bytes of one wait
/// until it is complete.
class TokenStream {
 public:
  /// Keeps a reference to the tokenizer.
  TokenStream(const Tokenizer& tokenizer, bool skip_special) : tokenizer_(tokenizer), skip_special_(skip_special) {}

  /// The text that this token completes, "" while a character is open.
  [[nodiscard]] std::string push(int32_t id);
  /// The text of tokens that wait for the end of a character, with U+FFFD in its place: what finish() would return.
  [[nodiscard]] std::string pending() const;
  /// What is left, with U+FFFD for characters that never were completed. The stream is empty then.
  [[nodiscard]] std::string finish();

 private:
  const Tokenizer& tokenizer_;
  bool skip_special_;
  // The tokens of the last piece and those since: what a token looks like may depend on the one before it.
  std::vector<int32_t> ids_;
  size_t read_ = 0;  // tokens of ids_ whose text has been given out
};

}  // namespace rondo::text
