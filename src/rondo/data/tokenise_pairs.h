// SPDX-License-Identifier: Apache-2.0
// The part of data/tokenise.h that pairwise models need: one sequence an ordered pair.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "rondo/data/tokenise.h"

namespace rondo::data {

/// Fills `group.pairs` and applies the length limit to them. A pair over the limit counts as one over-long sequence;
/// under `drop`, the fewest responses found greedily go, with their comparisons.
void add_pairs(const Group& source, const text::TextEncoder& encoder, const TokenOptions& options,
               const std::string& place, TokenGroup& group, Overlong& overlong);

/// The responses that are left where those go first that take part in the most of the pairs that are `too_long`, until
/// no such pair is left; none where only one would be. Places in the list of `responses`, ascending.
std::vector<int64_t> fitting_responses(std::span<const text::ResponsePair> too_long, size_t responses);

}  // namespace rondo::data
