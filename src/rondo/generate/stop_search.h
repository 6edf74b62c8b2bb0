// SPDX-License-Identifier: Apache-2.0
// Looks for stop texts in a response that grows token by token. A stop text may begin in one token and end in a later
// one, so each token is read together with the end of the text before it; the whole text is decoded once, at the end.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rondo/text/tokenizer/token_stream.h"

namespace rondo::generate {

class StopSearch {
 public:
  /// Keeps references to both.
  StopSearch(const text::Tokenizer& tokenizer, const std::vector<std::string>& stop);

  /// ids: the whole response, which has one token more than at the last call. The text before the first stop text,
  /// without special tokens; nullopt where there is none.
  [[nodiscard]] std::optional<std::string> push(std::span<const int32_t> ids);

 private:
  const text::Tokenizer& tokenizer_;
  const std::vector<std::string>& stop_;
  text::TokenStream stream_;
  size_t reach_ = 0;  // bytes of the text so far that a stop text may begin in
  std::string tail_;  // the last of them
};

}  // namespace rondo::generate
