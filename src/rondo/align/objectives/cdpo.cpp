// SPDX-License-Identifier: Apache-2.0
// Conservative DPO: labels are flipped with probability eps (`smoothing`).
//
//   L = -(1 - eps) log sigmoid(beta gap) - eps log sigmoid(-beta gap),   gap = D(y_w) - D(y_l)
//
// Mitchell, "A note on DPO with noisy preferences and relationship to IPO" (2023).
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>

#include "rondo/align/objectives/shared/objective.h"

namespace rondo::align {
namespace {

Tensor cdpo(const PolicyGroup& group, const ObjectiveConfig& config) {
  const Tensor logit = group.beyond_margin(config.beta * group.gap(group.log_ratio_K()));
  return -(1 - config.smoothing) * at::log_sigmoid(logit) - config.smoothing * at::log_sigmoid(-logit);
}

}  // namespace

constinit const ObjectiveEntry cdpo_entry{
    .name = "cdpo",
    .cite = "Mitchell 2023, cDPO",
    .loss = &cdpo,
    .learns_from = LearnsFrom::kPair,
    .takes_margin = true,
    .expected = {0.69314718, 0.35141328, 1.55141328},
};

}  // namespace rondo::align
