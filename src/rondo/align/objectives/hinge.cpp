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

Tensor loss(const PolicyGroup& group, const ObjectiveConfig& config) {
  return at::relu(1 - config.beta * group.gap(group.log_ratio_K()));
}

constexpr ObjectiveExample kExamples[] = {
    {.log_prob = {-1.0, -2.0}, .score = 1.0, .expected = 1.00000000},
    {.log_prob = {-0.5, -3.0}, .score = 1.0, .expected = 0.00000000},
    {.log_prob = {-0.5, -3.0}, .score = -2.0, .expected = 2.50000000},
};

}  // namespace

constinit const ObjectiveEntry hinge_entry{
    .name = "hinge",
    .cite = "arXiv:2309.06657",
    .loss = &loss,
    .target = nullptr,
    .needs_last = false,
    .needs_tokens = false,
    .learns_from = LearnsFrom::kPair,
    .is_self_play = false,
    .examples = kExamples,
};

}  // namespace rondo::align
