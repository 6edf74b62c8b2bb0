// SPDX-License-Identifier: Apache-2.0
// Identity Preference Optimization: the gap of log-ratios is regressed on 1/(2 beta).
//
//   L = ( gap - 1/(2 beta) )^2,   gap = D(y_w) - D(y_l), or of D/|y| with `average` length (as TRL has it)
//
// arXiv:2310.12036 eq. 17.
#include <ATen/TensorOperators.h>

#include "rondo/align/objectives/shared/objective.h"

namespace rondo::align {
namespace {

Tensor ipo(const PolicyGroup& group, const ObjectiveConfig& config) {
  const Tensor log_ratio_K = group.log_ratio_K();
  const Tensor averaged_K = config.average == "length" ? log_ratio_K / group.length_K : log_ratio_K;
  return (group.gap(averaged_K) - 0.5 / config.beta).square();
}

}  // namespace

constinit const ObjectiveEntry ipo_entry{
    .name = "ipo",
    .cite = "arXiv:2310.12036 eq. 17",
    .loss = &ipo,
    .learns_from = LearnsFrom::kPair,
    .expected = {0.25000000, 1.00000000, 4.00000000},
};

}  // namespace rondo::align
