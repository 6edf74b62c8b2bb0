// SPDX-License-Identifier: Apache-2.0
// Length-normalised GPO: the log-ratio per response token is regressed on the mean score.
//
//   L = mean_i ( D(y_i)/|y_i| - sbar(i)/beta + log Z )^2
//
// arXiv:2410.02197 app. E.2.
#include <ATen/TensorOperators.h>

#include "rondo/align/objectives/shared/targets.h"

namespace rondo::align {
namespace {

Tensor ln_gpo(const PolicyGroup& group, const ObjectiveConfig& config) {
  return regression_with_partition(group.log_ratio_K() / group.length_K, gpo_target_K(group, config), config);
}

}  // namespace

constinit const ObjectiveEntry ln_gpo_entry{
    .name = "ln_gpo",
    .cite = "arXiv:2410.02197 app. E.2",
    .loss = &ln_gpo,
    .target = &gpo_target_K,
    .is_self_play = true,
    .expected = {1.00000000, 0.56250000, 5.06250000},
};

}  // namespace rondo::align
