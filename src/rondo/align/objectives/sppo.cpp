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

Tensor sppo(const PolicyGroup& group, const ObjectiveConfig& config) {
  return squared_error(group.log_ratio_K() - target(group, config), group, config);
}

}  // namespace

constinit const ObjectiveEntry sppo_entry{
    .name = "sppo",
    .cite = "arXiv:2405.00675 eq. 4.6",
    .loss = &sppo,
    .target = &target,
    .is_self_play = true,
    .expected = {0.05338807, 0.33180020, 1.34120203},
};

}  // namespace rondo::align
