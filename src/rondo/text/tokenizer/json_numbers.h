// SPDX-License-Identifier: Apache-2.0
// tokenizer.json as the tokenizers library reads it, down to the last bit of a score.
#pragma once

#include <string_view>

#include "rondo/text/tokenizer/json_fields.h"

namespace rondo::text {

/// Like Json::parse, but numbers with a fraction or an exponent are those of serde_json without correct rounding, which
/// is up to one unit in the last place off. Unigram scores that tie in one reading do not in the other.
/// Throws nlohmann::json::exception where the text is not JSON, ModelError where it nests deeper than 200 levels.
Json parse_tokenizer_json(std::string_view text);

}  // namespace rondo::text
