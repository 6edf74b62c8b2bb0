// SPDX-License-Identifier: Apache-2.0
// Iterative Nash Policy Optimization: the gap of log-probabilities is regressed on a mixture of the reference's and the
// previous iterate's gap plus a half step.
//
//   L = ( c(log pi) - (kl/step) c(log ref) - (1 - kl/step) c(log last) - 1/(2 step) )^2,   c(f) = f(y_w) - f(y_l)
//
// kl and step are tau and eta of the paper. arXiv:2407.00617.
#include <ATen/TensorOperators.h>

#include "rondo/align/objectives/shared/objective.h"

namespace rondo::align {
namespace {

Tensor inpo(const PolicyGroup& group, const ObjectiveConfig& config) {
  const double share = config.kl / config.step;
  const Tensor mixed_K = share * group.reference_K + (1 - share) * group.last_K;
  return (group.gap(group.log_prob_K - mixed_K) - 0.5 / config.step).square();
}

}  // namespace

constinit const ObjectiveEntry inpo_entry{
    .name = "inpo",
    .cite = "arXiv:2407.00617",
    .loss = &inpo,
    .needs_last = true,
    .learns_from = LearnsFrom::kPair,
    .is_self_play = true,
    .expected = {0.25000000, 1.00000000, 4.00000000},
};

}  // namespace rondo::align
