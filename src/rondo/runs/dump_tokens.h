// SPDX-License-Identifier: Apache-2.0
// What a run would read, row by row, for those who compare it with what another program reads.
#pragma once

#include <string>

#include "rondo/data/token_store.h"

namespace rondo::runs {

/// JSONL: {"id", "token_ids"} for every row, in the order of the file, with "token_pairs" of a pairwise model.
void dump_tokens(data::TokenStore& store, const std::string& path);

}  // namespace rondo::runs
