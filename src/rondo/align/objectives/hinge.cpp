// SPDX-License-Identifier: Apache-2.0
// SLiC-style hinge on the gap of log-ratios.
//
//   L = max(0, 1 - beta ( D(y_w) - D(y_l) ))
//
// arXiv:2305.10425, in the form of arXiv:2309.06657.
#include <ATen/TensorOperators.h>
#include <ATen/ops/relu.h>

#include "rondo/align/objectives/shared/objective.h"

namespace rondo::align {
namespace {

Tensor hinge(const PolicyGroup& group, const ObjectiveConfig& config) {
  return at::relu(1 - group.beyond_margin(config.beta * group.gap(group.log_ratio_K())));
}

}  // namespace

constinit const ObjectiveEntry hinge_entry{
    .name = "hinge",
    .cite = "arXiv:2309.06657",
    .loss = &hinge,
    .learns_from = LearnsFrom::kPair,
    .takes_margin = true,
    .expected = {1.00000000, 0.00000000, 2.50000000},
};

}  // namespace rondo::align
