// SPDX-License-Identifier: Apache-2.0
// Self-Play Preference Optimization: regress the log-ratio on the mean win probability.
//
//   L = mean_i ( D(y_i) - (Pbar(i) - 1/2)/beta )^2      or half the sum over the best and the worst response
//
// arXiv:2405.00675 eq. 4.6; the published runs use best and worst.
#include <ATen/TensorOperators.h>

#include "rondo/align/objectives/shared/targets.h"

namespace rondo::align {
namespace {

Tensor target(const PolicyGroup& group, const ObjectiveConfig& config) {
  return sppo_target_K(group, group.judged.scores_KK, config);
}

Tensor loss(const PolicyGroup& group, const ObjectiveConfig& config) {
  return squared_error(group.log_ratio_K() - target(group, config), group, config);
}

constexpr ObjectiveExample kExamples[] = {
    {.log_prob = {-1.0, -2.0}, .score = 1.0, .expected = 0.05338807},
    {.log_prob = {-0.5, -3.0}, .score = 1.0, .expected = 0.33180020},
    {.log_prob = {-0.5, -3.0}, .score = -2.0, .expected = 1.34120203},
};

}  // namespace

constinit const ObjectiveEntry sppo_entry{
    .name = "sppo",
    .cite = "arXiv:2405.00675 eq. 4.6",
    .loss = &loss,
    .target = &target,
    .needs_last = false,
    .needs_tokens = false,
    .learns_from = LearnsFrom::kScores,
    .is_self_play = true,
    .examples = kExamples,
};

}  // namespace rondo::align
