// SPDX-License-Identifier: Apache-2.0
// A tokenizer.json for small worlds: one token per word, words between white space.
#pragma once

#include <string>
#include <vector>

namespace rondo::text {

/// The file's content. Ids: 0 <unk>, 1 <s>, 2 </s>, then the words in their order, repeats left out. A text gets <s> in
/// front. Throws DataError where a word is empty or holds white space.
std::string build_word_tokenizer(const std::vector<std::string>& words);

/// The tokenizer_config.json beside it, which names the special tokens.
std::string build_word_tokenizer_config();

}  // namespace rondo::text
