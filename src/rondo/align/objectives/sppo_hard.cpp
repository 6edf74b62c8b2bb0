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

Tensor sppo_hard(const PolicyGroup& group, const ObjectiveConfig& config) {
  const Tensor log_ratio_K = group.log_ratio_K();
  const double half_step = 0.5 / config.beta;
  return (log_ratio_K[group.best] - half_step).square() + (log_ratio_K[group.worst] + half_step).square();
}

}  // namespace

constinit const ObjectiveEntry sppo_hard_entry{
    .name = "sppo_hard",
    .cite = "arXiv:2405.00675",
    .loss = &sppo_hard,
    .learns_from = LearnsFrom::kPair,
    .is_self_play = true,
    .expected = {0.50000000, 0.25000000, 3.25000000},
};

}  // namespace rondo::align
