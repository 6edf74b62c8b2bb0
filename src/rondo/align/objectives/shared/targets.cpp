// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/objectives/shared/targets.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

namespace rondo::align {
namespace {

constexpr double kSmallestStd = 1e-6;  // docs/align.md: a group of equal scores has no advantages

}  // namespace

Tensor mean_log_odds_K(const Judgement& judged, const std::string& mean) {
  const Tensor mean_K = judged.mean_scores_K / judged.tau;
  if (mean == "leave_one_out") return mean_K;
  // The diagonal of a skew table is zero: it only adds to the count.
  const auto count = static_cast<double>(mean_K.size(0));
  return mean_K * ((count - 1) / count);
}

Tensor mean_log_odds_K(const PolicyGroup& group, const ObjectiveConfig& config) {
  return mean_log_odds_K(group.judged, config.mean);
}

Tensor mean_probability_K(const Tensor& scores_KK, double tau, const std::string& mean) {
  const Tensor sum_K = at::sigmoid(scores_KK / tau).sum(1);
  const auto count = static_cast<double>(scores_KK.size(0));
  // Alone, a response meets nobody but itself.
  if (mean == "with_self" || count == 1) return sum_K / count;
  return (sum_K - 0.5) / (count - 1);  // sigmoid(0) = 1/2 on the diagonal
}

Tensor magnet_pull_K(const PolicyGroup& group, const ObjectiveConfig& config) {
  if (config.magnet_weight == 0 || !group.magnet_K.defined()) return at::zeros_like(group.reference_K);
  return config.magnet_weight * (group.reference_K - group.magnet_K);
}

Tensor gpo_target_K(const PolicyGroup& group, const ObjectiveConfig& config) {
  return mean_log_odds_K(group, config) / config.beta - magnet_pull_K(group, config);
}

Tensor sppo_target_K(const PolicyGroup& group, const Tensor& scores_KK, const ObjectiveConfig& config) {
  const Tensor probability_K = mean_probability_K(scores_KK, group.judged.tau, config.mean);
  return (probability_K - 0.5) / config.beta - magnet_pull_K(group, config);
}

Tensor squared_error(const Tensor& residual_K, const PolicyGroup& group, const ObjectiveConfig& config) {
  const Tensor square_K = residual_K.square();
  if (config.on == "all") return square_K.mean();
  return 0.5 * (square_K[group.best] + square_K[group.worst]);
}

Tensor regression_with_partition(const Tensor& log_ratio_K, const Tensor& target_K, const ObjectiveConfig& config) {
  const Tensor residual_K = log_ratio_K - target_K;
  if (config.log_z == "zero") return residual_K.square().mean();
  // Both estimates of log Z are constants of the step: no gradient flows through them.
  if (config.log_z == "sample") {
    const double log_count = std::log(static_cast<double>(target_K.size(0)));
    return (residual_K + at::logsumexp(target_K, 0) - log_count).square().mean();
  }
  return (residual_K - residual_K.mean().detach()).square().mean();
}

Tensor standardised(const Tensor& x_K) {
  const Tensor centred_K = x_K - x_K.mean(0);
  return centred_K / (centred_K.square().mean(0).sqrt() + kSmallestStd);
}

Tensor clipped_surrogate_loss(const PolicyGroup& group, const Tensor& advantage_K, const ObjectiveConfig& config) {
  const TokenLogProbs& tokens = group.tokens;
  const Tensor advantage_T = advantage_K.index_select(0, tokens.response_of_T);
  const Tensor ratio_T = (tokens.policy_T - tokens.old_T).exp();
  const Tensor clipped_T = ratio_T.clamp(1 - config.ratio_clip, 1 + config.ratio_clip);
  const Tensor surrogate_T = at::minimum(ratio_T * advantage_T, clipped_T * advantage_T);
  const Tensor q_T = tokens.reference_T - tokens.policy_T;
  const Tensor gain_T = surrogate_T - config.kl * (q_T.exp() - q_T - 1);

  const Tensor weight_T = group.length_K.reciprocal().index_select(0, tokens.response_of_T);
  return -(gain_T * weight_T).sum() / static_cast<double>(advantage_K.size(0));
}

}  // namespace rondo::align
