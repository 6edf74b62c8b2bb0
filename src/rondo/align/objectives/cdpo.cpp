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

Tensor loss(const PolicyGroup& group, const ObjectiveConfig& config) {
  const Tensor logit = config.beta * group.gap(group.log_ratio_K());
  return -(1 - config.smoothing) * at::log_sigmoid(logit) - config.smoothing * at::log_sigmoid(-logit);
}

constexpr ObjectiveExample kExamples[] = {
    {.log_prob = {-1.0, -2.0}, .score = 1.0, .expected = 0.69314718},
    {.log_prob = {-0.5, -3.0}, .score = 1.0, .expected = 0.35141328},
    {.log_prob = {-0.5, -3.0}, .score = -2.0, .expected = 1.55141328},
};

}  // namespace

constinit const ObjectiveEntry cdpo_entry{
    .name = "cdpo",
    .cite = "Mitchell 2023, cDPO",
    .loss = &loss,
    .target = nullptr,
    .needs_last = false,
    .needs_tokens = false,
    .learns_from = LearnsFrom::kPair,
    .is_self_play = false,
    .examples = kExamples,
};

}  // namespace rondo::align
