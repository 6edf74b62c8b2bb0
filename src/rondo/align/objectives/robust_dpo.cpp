// SPDX-License-Identifier: Apache-2.0
// Robust DPO: an unbiased estimate of the DPO loss under labels flipped with probability eps (`smoothing`).
//
//   L = ( -(1 - eps) log sigmoid(beta gap) + eps log sigmoid(-beta gap) ) / (1 - 2 eps),   gap = D(y_w) - D(y_l)
//
// arXiv:2403.00409.
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>

#include "rondo/align/objectives/shared/objective.h"

namespace rondo::align {
namespace {

Tensor robust_dpo(const PolicyGroup& group, const ObjectiveConfig& config) {
  const Tensor logit = group.beyond_margin(config.beta * group.gap(group.log_ratio_K()));
  const Tensor kept = (1 - config.smoothing) * at::log_sigmoid(logit);
  const Tensor flipped = config.smoothing * at::log_sigmoid(-logit);
  return (flipped - kept) / (1 - 2 * config.smoothing);
}

}  // namespace

constinit const ObjectiveEntry robust_dpo_entry{
    .name = "robust_dpo",
    .cite = "arXiv:2403.00409",
    .loss = &robust_dpo,
    .learns_from = LearnsFrom::kPair,
    .takes_margin = true,
    .expected = {0.69314718, 0.01391328, 1.88891328},
};

}  // namespace rondo::align
