// SPDX-License-Identifier: Apache-2.0
// Length-normalised GPO: the log-ratio per response token is regressed on the mean score.
//
//   L = mean_i ( D(y_i)/|y_i| - sbar(i)/beta + log Z )^2
//
// arXiv:2410.02197 app. E.2.
#include <ATen/TensorOperators.h>

#include "rondo/align/objectives/shared/targets.h"

namespace rondo::align {
namespace {

Tensor target(const PolicyGroup& group, const ObjectiveConfig& config) {
  return mean_log_odds_K(group, config) / config.beta - magnet_pull_K(group, config);
}

Tensor loss(const PolicyGroup& group, const ObjectiveConfig& config) {
  return regression_with_partition(group.log_ratio_K() / group.length_K, target(group, config), config);
}

constexpr ObjectiveExample kExamples[] = {
    {.log_prob = {-1.0, -2.0}, .score = 1.0, .expected = 1.00000000},
    {.log_prob = {-0.5, -3.0}, .score = 1.0, .expected = 0.56250000},
    {.log_prob = {-0.5, -3.0}, .score = -2.0, .expected = 5.06250000},
};

}  // namespace

constinit const ObjectiveEntry ln_gpo_entry{
    .name = "ln_gpo",
    .cite = "arXiv:2410.02197 app. E.2",
    .loss = &loss,
    .target = &target,
    .needs_last = false,
    .needs_tokens = false,
    .learns_from = LearnsFrom::kScores,
    .is_self_play = true,
    .examples = kExamples,
};

}  // namespace rondo::align
