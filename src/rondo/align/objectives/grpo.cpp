// SPDX-License-Identifier: Apache-2.0
// Group Relative Policy Optimization on mean scores as rewards.
//
//   A_i = (sbar(i) - mean) / (std + 1e-6)    over the group, population standard deviation
//   L   = -mean_i mean_t [ min( rho A_i, clip(rho, 1 - eps, 1 + eps) A_i ) - kl ( e^q - q - 1 ) ]
//
// rho = pi_theta/pi_old of token t, q = log pi_ref - log pi_theta (the k3 estimator of the KL divergence).
// arXiv:2402.03300 eq. 3 and 4.
#include <ATen/TensorOperators.h>
#include <ATen/ops/minimum.h>

#include "rondo/align/objectives/shared/targets.h"

namespace rondo::align {
namespace {

constexpr double kSmallestStd = 1e-6;

Tensor loss(const PolicyGroup& group, const ObjectiveConfig& config) {
  const Tensor score_K = mean_log_odds_K(group, config);
  const Tensor centred_K = score_K - score_K.mean();
  const Tensor advantage_K = centred_K / (centred_K.square().mean().sqrt() + kSmallestStd);

  const TokenLogProbs& tokens = group.tokens;
  const Tensor advantage_T = advantage_K.index_select(0, tokens.response_of_T);
  const Tensor ratio_T = (tokens.policy_T - tokens.old_T).exp();
  const Tensor clipped_T = ratio_T.clamp(1 - config.ratio_clip, 1 + config.ratio_clip);
  const Tensor surrogate_T = at::minimum(ratio_T * advantage_T, clipped_T * advantage_T);
  const Tensor q_T = tokens.reference_T - tokens.policy_T;
  const Tensor gain_T = surrogate_T - config.kl * (q_T.exp() - q_T - 1);

  const Tensor weight_T = group.length_K.reciprocal().index_select(0, tokens.response_of_T);
  return -(gain_T * weight_T).sum() / static_cast<double>(score_K.size(0));
}

constexpr ObjectiveExample kExamples[] = {
    {.log_prob = {-1.0, -2.0}, .score = 1.0, .expected = -0.03342574},
    {.log_prob = {-0.5, -3.0}, .score = 1.0, .expected = -0.15561008},
    {.log_prob = {-0.5, -3.0}, .score = -2.0, .expected = 0.38625330},
};

}  // namespace

constinit const ObjectiveEntry grpo_entry{
    .name = "grpo",
    .cite = "arXiv:2402.03300 eq. 3",
    .loss = &loss,
    .target = nullptr,
    .needs_last = false,
    .needs_tokens = true,
    .learns_from = LearnsFrom::kScores,
    .is_self_play = false,
    .examples = kExamples,
};

}  // namespace rondo::align
