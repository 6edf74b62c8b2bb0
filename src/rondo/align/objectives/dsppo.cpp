// SPDX-License-Identifier: Apache-2.0
// Dynamic SPPO: the transitive part of the preferences first, the cyclic part later.
//
//   P = sigmoid(s_t/tau),   s_t = (1 + lambda/sqrt t) s_T + (1 - lambda/sqrt t) s_C,   t = 1, 2, ... the iteration
//
// s_T is the reward difference and s_C the skew term of an HRC judge; for a GPM judge the split of docs/methods.md, The
// score kernel. arXiv:2605.17342.
#include <ATen/TensorOperators.h>

#include "rondo/align/objectives/shared/targets.h"

namespace rondo::align {
namespace {

Tensor target(const PolicyGroup& group, const ObjectiveConfig& config) {
  return sppo_target_K(group, split_scores_KK(group.judged, config.lambda, config.iteration), config);
}

Tensor dsppo(const PolicyGroup& group, const ObjectiveConfig& config) {
  return squared_error(group.log_ratio_K() - target(group, config), group, config);
}

}  // namespace

constinit const ObjectiveEntry dsppo_entry{
    .name = "dsppo",
    .cite = "arXiv:2605.17342",
    .loss = &dsppo,
    .target = &target,
    .is_self_play = true,
    .expected = {0.14500641, 0.19881080, 1.58035798},
};

}  // namespace rondo::align
