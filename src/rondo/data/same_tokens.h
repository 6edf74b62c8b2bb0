// SPDX-License-Identifier: Apache-2.0
// Responses that a model cannot tell apart, because a template or a tokenizer makes the same tokens of them: they are
// computed once, and nothing is learned or measured from comparing them.
#pragma once

#include <vector>

#include "rondo/core/token_group.h"

namespace rondo::data {

/// Makes one of responses with the same tokens: of their sequences, or of pairwise models of those in which the two
/// stand against each other in either order. The first of them stays.
void merge_same_tokens(TokenGroup& group);

/// Fills `comparisons`, `numbers` and `undecided` from the comparisons of the group that was tokenised, by its places.
void take_comparisons(const std::vector<Comparison>& source, TokenGroup& group);

}  // namespace rondo::data
