// SPDX-License-Identifier: Apache-2.0
// Cross-entropy of the preference probability with a soft label p, label smoothing and margin:
//
//   L = -w [ p log sigmoid(z) + (1 - p) log sigmoid(-z) ],   z = (s - margin) / tau
//
// p = 1: the left response is preferred; 0.5: a tie. arXiv:2410.02197 app. A.1; margin: arXiv:2307.09288 eq. 2.
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>

#include "rondo/losses/shared/loss.h"

namespace rondo::losses {
namespace {

Loss cross_entropy(const ScoredComparisons& c, const LossConfig& config) {
  const Tensor z_C = (c.score_C - c.margin_C) / config.tau;
  const Tensor p_C = smoothed(c.p_C, config);
  // log sigmoid(-z) = log sigmoid(z) - z, and log_sigmoid rather than log(sigmoid): finite for any score.
  const Tensor nll_C = (1 - p_C) * z_C - at::log_sigmoid(z_C);
  return {.sum = (c.weight_C * nll_C).sum(), .count = c.weight_C.sum()};
}

constexpr LossExample kExamples[] = {
    {.score = 0, .p = 1.0, .expected = 0.69314718},  // log 2
    {.score = 1, .p = 1.0, .expected = 0.31326169},  // log(1 + e^-1)
    {.score = 1, .p = 0.5, .expected = 0.81326169},  // a tie: half of each side
};

}  // namespace

constinit const LossEntry cross_entropy_entry{
    .name = "cross_entropy",
    .cite = "arXiv:2410.02197 app. A.1",
    .compute = &cross_entropy,
    .has_ties = false,
    .examples = kExamples,
};

}  // namespace rondo::losses
