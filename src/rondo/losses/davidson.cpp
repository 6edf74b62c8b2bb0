// SPDX-License-Identifier: Apache-2.0
// Three outcomes with a learnable share of ties:
//
//   P(win), P(loss), P(tie)  proportional to  exp(z/2), exp(-z/2), nu,   z = (s - margin) / tau
//
// A label with tie share t spends p - t/2 on win, 1 - p - t/2 on loss and t on tie. Davidson 1970.
#include <ATen/TensorOperators.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/stack.h>

#include "rondo/losses/shared/loss.h"

namespace rondo::losses {
namespace {

Loss davidson(const ScoredComparisons& c, const LossConfig& config) {
  const Tensor half_C = (c.score_C - c.margin_C) / (2 * config.tau);
  const Tensor log_nu_C = c.log_nu.to(half_C.scalar_type()).expand_as(half_C);
  const Tensor log_total_C = at::logsumexp(at::stack({half_C, -half_C, log_nu_C}), {0});
  // E[log strength] = (win - loss) z/2 + tie log nu with win - loss = 2p - 1: ties cancel out of the first term.
  const Tensor expected_C = (2 * smoothed(c.p_C, config) - 1) * half_C + c.tie_C * log_nu_C;
  return {.sum = (c.weight_C * (log_total_C - expected_C)).sum(), .count = c.weight_C.sum()};
}

constexpr LossExample kExamples[] = {
    {.score = 0, .p = 1.0, .tie = 0, .expected = 1.09861229},  // nu = 1: three equal outcomes, log 3
    {.score = 0, .p = 0.5, .tie = 1, .expected = 1.09861229},
    {.score = 2, .p = 1.0, .tie = 0, .expected = 0.40760596},  // log(1 + e^-1 + e^-2)
};

}  // namespace

constinit const LossEntry davidson_entry{
    .name = "davidson",
    .cite = "Davidson 1970",
    .compute = &davidson,
    .has_ties = true,
    .examples = kExamples,
};

}  // namespace rondo::losses
