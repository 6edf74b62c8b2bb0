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

Tensor dpo(const PolicyGroup& group, const ObjectiveConfig& config) {
  return -at::log_sigmoid(group.beyond_margin(config.beta * group.gap(group.log_ratio_K())));
}

}  // namespace

constinit const ObjectiveEntry dpo_entry{
    .name = "dpo",
    .cite = "arXiv:2305.18290 eq. 7",
    .loss = &dpo,
    .learns_from = LearnsFrom::kPair,
    .takes_margin = true,
    .expected = {0.69314718, 0.20141328, 1.70141328},
};

}  // namespace rondo::align
