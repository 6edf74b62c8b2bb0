// SPDX-License-Identifier: Apache-2.0
// What transformers 5 makes of a tokenizer.json: some of its tokenizer classes take only vocabulary, merges, added
// tokens and post-processor from the file and build the rest themselves (docs/decisions/0005-transformers-classes.md).
#pragma once

#include <string>

#include "rondo/text/tokenizer/json_fields.h"

namespace rondo::text {

/// Rebuilds `tokenizer` (the content of a tokenizer.json) as the class named in `config` (tokenizer_config.json) would.
/// Returns what was changed, in words, or "" where the file stands as it is: the class is generic, unknown or absent,
/// or it would build the same.
std::string rebuild_as_transformers(const Json& config, Json& tokenizer);

}  // namespace rondo::text
