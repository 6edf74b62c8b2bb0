// SPDX-License-Identifier: Apache-2.0
// Squared distance to the label's log-odds:
//
//   L = w ( (s - margin)/tau - logit(clamp(p, .01, .99)) )^2
//
// The clamp keeps hard labels finite (docs/methods.md, Losses).
#include <ATen/TensorOperators.h>
#include <ATen/ops/logit.h>

#include "rondo/losses/shared/loss.h"

namespace rondo::losses {
namespace {

constexpr double kSmallestP = 0.01;

Loss squared(const ScoredComparisons& c, const LossConfig& config) {
  const Tensor z_C = (c.score_C - c.margin_C) / config.tau;
  const Tensor target_C = at::logit(smoothed(c.p_C, config), kSmallestP);
  return {.sum = (c.weight_C * (z_C - target_C).square()).sum(), .count = c.weight_C.sum()};
}

constexpr LossExample kExamples[] = {
    {.score = 0, .p = 0.5, .expected = 0},
    {.score = 0, .p = 0.73105858, .expected = 1},     // logit(p) = 1
    {.score = 0, .p = 1.0, .expected = 21.11512645},  // logit(.99)^2
};

}  // namespace

constinit const LossEntry squared_entry{
    .name = "squared",
    .cite = "docs/methods.md, Losses",
    .compute = &squared,
    .has_ties = false,
    .examples = kExamples,
};

}  // namespace rondo::losses
