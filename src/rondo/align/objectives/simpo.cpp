// SPDX-License-Identifier: Apache-2.0
// Simple Preference Optimization: no reference policy, log-probabilities per token, a margin gamma.
//
//   L = -log sigmoid( beta ( log pi(y_w)/|y_w| - log pi(y_l)/|y_l| ) - gamma )
//
// arXiv:2405.14734 eq. 6.
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>

#include "rondo/align/objectives/shared/objective.h"

namespace rondo::align {
namespace {

Tensor simpo(const PolicyGroup& group, const ObjectiveConfig& config) {
  const Tensor per_token_K = group.log_prob_K / group.length_K;
  return -at::log_sigmoid(group.beyond_margin(config.beta * group.gap(per_token_K)) - config.gamma);
}

}  // namespace

constinit const ObjectiveEntry simpo_entry{
    .name = "simpo",
    .cite = "arXiv:2405.14734 eq. 6",
    .loss = &simpo,
    .learns_from = LearnsFrom::kPair,
    .takes_margin = true,
    .expected = {0.97407698, 0.69314718, 1.31326169},
};

}  // namespace rondo::align
