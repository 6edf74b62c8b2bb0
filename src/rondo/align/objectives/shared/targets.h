// SPDX-License-Identifier: Apache-2.0
// What several objectives share: mean log-odds and probabilities, the magnet, the log-partition, regression on targets.
#pragma once

#include "rondo/align/objectives/shared/objective.h"

namespace rondo::align {

/// sbar(i) = mean of s(i,j)/tau [K]: over j != i, or with j = i included.
Tensor mean_log_odds_K(const Judgement& judged, const std::string& mean);
Tensor mean_log_odds_K(const PolicyGroup& group, const ObjectiveConfig& config);

/// Pbar(i) = mean of sigmoid(scores/tau) [K], likewise, 1/2 for K = 1; no closed form: O(K^2) sums of one table.
Tensor mean_probability_K(const Tensor& scores_KK, double tau, const std::string& mean);

/// m log( pi_t(y_i) / pi_magnet(y_i) ) [K], which the magnet takes off a target; zeros without one. arXiv:2206.05825.
Tensor magnet_pull_K(const PolicyGroup& group, const ObjectiveConfig& config);

/// The targets of GPO: sbar/beta minus the magnet's pull [K].
Tensor gpo_target_K(const PolicyGroup& group, const ObjectiveConfig& config);

/// The targets of SPPO for a table of scores: (Pbar - 1/2)/beta minus the magnet's pull [K].
Tensor sppo_target_K(const PolicyGroup& group, const Tensor& scores_KK, const ObjectiveConfig& config);

/// ( D - target )^2: the mean over the group, or half the sum over best and worst (config.on).
Tensor squared_error(const Tensor& residual_K, const PolicyGroup& group, const ObjectiveConfig& config);

/// mean( ( d - target + log Z )^2 ) with log Z by config.log_z (docs/align.md, GPO).
Tensor regression_with_partition(const Tensor& log_ratio_K, const Tensor& target_K, const ObjectiveConfig& config);

/// Over the first dimension: (x - mean) / (std + 1e-6), population standard deviation.
Tensor standardised(const Tensor& x_K);

/// -mean_i mean_t [ min( rho A_i, clip(rho, 1 - eps, 1 + eps) A_i ) - kl ( e^q - q - 1 ) ],   rho = pi_theta/pi_old of
/// token t, q = log pi_ref - log pi_theta (the k3 estimator of the KL divergence). arXiv:2402.03300 eq. 3 and 4.
Tensor clipped_surrogate_loss(const PolicyGroup& group, const Tensor& advantage_K, const ObjectiveConfig& config);

}  // namespace rondo::align
