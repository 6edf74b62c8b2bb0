// SPDX-License-Identifier: Apache-2.0
// General Preference Optimization: regress the log-ratio on the mean score against the other responses.
//
//   L = mean_i ( D(y_i) - sbar(i)/beta + log Z )^2,   sbar(i) = mean_j s(i,j)/tau
//
// The paper sums over samples and drops log Z; `log_z` chooses. Centring (log_z mean) takes 1/K of D(y_i) off itself,
// so with leave-one-out scores the minimiser is K/(K-1) times the target; with_self scores shrink by as much, and the
// two together are unbiased. arXiv:2410.02197 eq. 5.3.
#include <ATen/TensorOperators.h>

#include "rondo/align/objectives/shared/targets.h"

namespace rondo::align {
namespace {

Tensor gpo(const PolicyGroup& group, const ObjectiveConfig& config) {
  return regression_with_partition(group.log_ratio_K(), gpo_target_K(group, config), config);
}

}  // namespace

constinit const ObjectiveEntry gpo_entry{
    .name = "gpo",
    .cite = "arXiv:2410.02197 eq. 5.3",
    .loss = &gpo,
    .target = &gpo_target_K,
    .is_self_play = true,
    .expected = {1.00000000, 0.06250000, 7.56250000},
};

}  // namespace rondo::align
