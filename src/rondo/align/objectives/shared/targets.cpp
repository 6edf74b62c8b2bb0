// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/objectives/shared/targets.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

namespace rondo::align {

Tensor mean_log_odds_K(const PolicyGroup& group, const ObjectiveConfig& config) {
  const Tensor mean_K = group.judged.mean_scores_K / group.judged.tau;
  if (config.mean == "leave_one_out") return mean_K;
  // The diagonal of a skew table is zero: it only adds to the count.
  const auto count = static_cast<double>(mean_K.size(0));
  return mean_K * ((count - 1) / count);
}

Tensor mean_probability_K(const Tensor& scores_KK, double tau, const std::string& mean) {
  const Tensor sum_K = at::sigmoid(scores_KK / tau).sum(1);
  const auto count = static_cast<double>(scores_KK.size(0));
  if (mean == "with_self") return sum_K / count;
  return (sum_K - 0.5) / std::max(1.0, count - 1);  // sigmoid(0) = 1/2 on the diagonal
}

Tensor magnet_pull_K(const PolicyGroup& group, const ObjectiveConfig& config) {
  if (config.magnet_weight == 0 || !group.magnet_K.defined()) return at::zeros_like(group.reference_K);
  return config.magnet_weight * (group.reference_K - group.magnet_K);
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

}  // namespace rondo::align
