// SPDX-License-Identifier: Apache-2.0
// Tokens that only the files around a tokenizer.json name: transformers 5 adds them to the tokenizer when it loads it.
#pragma once

#include <nlohmann/json.hpp>

#include "rondo/text/tokenizer/json_fields.h"

namespace rondo::text {

/// The files around a tokenizer.json, keys in their order; empty objects for those that are not there.
struct TokenFiles {
  nlohmann::ordered_json config;        // tokenizer_config.json
  nlohmann::ordered_json special_map;   // special_tokens_map.json
  nlohmann::ordered_json added_tokens;  // added_tokens.json: {token: id}
};

/// Appends to "added_tokens" of `tokenizer` (the content of a tokenizer.json) what transformers would add, in its
/// order, from which their ids follow: added_tokens_decoder by number, the named special tokens, the additional ones.
/// added_tokens_decoder makes transformers leave the other two files unread.
void add_config_tokens(const TokenFiles& files, Json& tokenizer);

/// Whether a pair of texts is given token types: not where model_input_names leaves them out.
bool gives_token_types(const nlohmann::ordered_json& config);

}  // namespace rondo::text
