// SPDX-License-Identifier: Apache-2.0
// Direct Preference Optimization on the best and the worst response.
//
//   L = -log sigmoid( beta ( D(y_w) - D(y_l) ) )
//
// arXiv:2305.18290 eq. 7.
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>

#include "rondo/align/objectives/shared/objective.h"

namespace rondo::align {
namespace {

Tensor loss(const PolicyGroup& group, const ObjectiveConfig& config) {
  return -at::log_sigmoid(config.beta * group.gap(group.log_ratio_K()));
}

constexpr ObjectiveExample kExamples[] = {
    {.log_prob = {-1.0, -2.0}, .score = 1.0, .expected = 0.69314718},
    {.log_prob = {-0.5, -3.0}, .score = 1.0, .expected = 0.20141328},
    {.log_prob = {-0.5, -3.0}, .score = -2.0, .expected = 1.70141328},
};

}  // namespace

constinit const ObjectiveEntry dpo_entry{
    .name = "dpo",
    .cite = "arXiv:2305.18290 eq. 7",
    .loss = &loss,
    .target = nullptr,
    .needs_last = false,
    .needs_tokens = false,
    .learns_from = LearnsFrom::kPair,
    .is_self_play = false,
    .examples = kExamples,
};

}  // namespace rondo::align
