// SPDX-License-Identifier: Apache-2.0
// The objectives of the table on sampled groups of a tabular policy: the same code as for language models, with a
// vector of logits for a policy. What exact_update does in one stroke, this does by gradients.
#pragma once

#include "rondo/align/objectives/shared/objective.h"
#include "rondo/align/tabular/game.h"
#include "rondo/base/random.h"

namespace rondo::align {

/// The policies of one iteration as log-probabilities [N]; responses count as one token each.
struct TabularPolicies {
  Tensor theta_N;      // logits being trained
  Tensor last_N;       // the iterate that sampled, p_t
  Tensor reference_N;  // of D; p_t for the self-play objectives
  Tensor magnet_N;     // undefined without one
};

/// The group of the given responses, judged by the game's log-odds at tau 1, best and worst chosen.
PolicyGroup tabular_group(const Game& game, const TabularPolicies& policies, const std::vector<int64_t>& responses);

/// Draws K responses from p_t. A pairwise objective's winner is drawn with its probability, as labels are.
PolicyGroup sample_group(const Game& game, const TabularPolicies& policies, const ObjectiveEntry& objective,
                         int64_t size, Random& random);

/// d loss / d theta [N], averaged over `groups` sampled groups.
Tensor sampled_gradient(const Game& game, const TabularPolicies& policies, const ObjectiveConfig& config,
                        int64_t groups, int64_t group_size, Random& random);

/// The expectation of sampled_gradient for groups of two, by enumerating all N^2 groups and both labels.
Tensor expected_pair_gradient(const Game& game, const TabularPolicies& policies, const ObjectiveConfig& config);

}  // namespace rondo::align
