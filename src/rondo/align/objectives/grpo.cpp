// SPDX-License-Identifier: Apache-2.0
// Group Relative Policy Optimization on mean scores as rewards.
//
//   A_i = (sbar(i) - mean) / (std + 1e-6)    over the group, population standard deviation
//   L   = -mean_i mean_t [ min( rho A_i, clip(rho, 1 - eps, 1 + eps) A_i ) - kl ( e^q - q - 1 ) ]
//
// rho = pi_theta/pi_old of token t, q = log pi_ref - log pi_theta (the k3 estimator of the KL divergence).
// arXiv:2402.03300 eq. 3 and 4.
#include <ATen/TensorOperators.h>

#include "rondo/align/objectives/shared/targets.h"

namespace rondo::align {
namespace {

Tensor grpo(const PolicyGroup& group, const ObjectiveConfig& config) {
  return clipped_surrogate_loss(group, standardised(mean_log_odds_K(group, config)), config);
}

}  // namespace

constinit const ObjectiveEntry grpo_entry{
    .name = "grpo",
    .cite = "arXiv:2402.03300 eq. 3",
    .loss = &grpo,
    .needs_tokens = true,
    .expected = {-0.03342574, -0.15561008, 0.38625330},
};

}  // namespace rondo::align
