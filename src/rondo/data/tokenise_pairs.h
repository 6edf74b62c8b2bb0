// SPDX-License-Identifier: Apache-2.0
// The part of data/tokenise.h that pairwise models need: one sequence an ordered pair.
#pragma once

#include <string>

#include "rondo/data/tokenise.h"

namespace rondo::data {

/// Fills `group.pairs` and applies the length limit to them. A pair over the limit counts as one over-long sequence;
/// under `drop`, the fewest responses found greedily go, with their comparisons.
void add_pairs(const Group& source, const text::TextEncoder& encoder, const TokenOptions& options,
               const std::string& place, TokenGroup& group, Overlong& overlong);

}  // namespace rondo::data
