// SPDX-License-Identifier: Apache-2.0
// SPPO with hard targets, as TRL has it: the best response goes up by half a step, the worst down by as much.
//
//   L = ( D(y_w) - 1/(2 beta) )^2 + ( D(y_l) + 1/(2 beta) )^2      a plain sum
//
// arXiv:2405.00675.
#include <ATen/TensorOperators.h>

#include "rondo/align/objectives/shared/objective.h"

namespace rondo::align {
namespace {

Tensor loss(const PolicyGroup& group, const ObjectiveConfig& config) {
  const Tensor log_ratio_K = group.log_ratio_K();
  const double half_step = 0.5 / config.beta;
  return (log_ratio_K[group.best] - half_step).square() + (log_ratio_K[group.worst] + half_step).square();
}

constexpr ObjectiveExample kExamples[] = {
    {.log_prob = {-1.0, -2.0}, .score = 1.0, .expected = 0.50000000},
    {.log_prob = {-0.5, -3.0}, .score = 1.0, .expected = 0.25000000},
    {.log_prob = {-0.5, -3.0}, .score = -2.0, .expected = 3.25000000},
};

}  // namespace

constinit const ObjectiveEntry sppo_hard_entry{
    .name = "sppo_hard",
    .cite = "arXiv:2405.00675",
    .loss = &loss,
    .target = nullptr,
    .needs_last = false,
    .needs_tokens = false,
    .learns_from = LearnsFrom::kPair,
    .is_self_play = true,
    .examples = kExamples,
};

}  // namespace rondo::align
