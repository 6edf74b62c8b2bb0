// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/judging/judging.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/sigmoid.h>
#include <fmt/format.h>

#include "rondo/align/objectives/shared/targets.h"
#include "rondo/base/error.h"

namespace rondo::align {
namespace {

void expect_finite(const PreferenceTable& table) {
  const std::string damage = first_damage(table);
  if (damage.empty()) return;
  throw ModelError(fmt::format(
      "the judge returned no number: {} is not finite; are the judge's weights damaged, or do they overflow?", damage));
}

void choose_pair_by(const Tensor& values_K, JudgedGroup& judged) {
  judged.best = values_K.argmax().item<int64_t>();
  judged.worst = values_K.argmin().item<int64_t>();
}

}  // namespace

JudgedGroup judge(const PreferenceTable& table, double tau, const JudgeOptions& options) {
  if (table.response_count() == 0) throw DataError("nothing to judge: the group has no responses; leave it out");
  const at::NoGradGuard no_grad;
  JudgedGroup judged;
  judged.judgement = judgement_of(table, tau);
  if (options.is_ordered) judged.judgement.scores_KK = table.scores_ordered_MM();
  const Tensor& scores_KK = judged.judgement.scores_KK;
  expect_finite(table);

  judged.probabilities_KK = at::sigmoid(scores_KK / tau);
  judged.mean_log_odds_K = mean_log_odds_K(judged.judgement, options.mean);
  judged.mean_probabilities_K = mean_probability_K(scores_KK, tau, options.mean);
  if (options.iteration > 0) {
    const Tensor split_KK = split_scores_KK(judged.judgement, options.lambda, options.iteration);
    judged.split_means_K = mean_probability_K(split_KK, tau, options.mean);
  }
  judged.rewards_K = table.rewards_M;
  judged.is_scalar = table.rewards_M.defined() && !table.embeddings_ME.defined();
  choose_pair_by(
      options.pair == "score" ? judged.judgement.mean_scores_K : mean_probability_K(scores_KK, tau, "with_self"),
      judged);
  return judged;
}

Tensor axis_variances_A(const Judgement& judged) {
  Tensor parts_KA = judged.axis_means_KA.defined() ? judged.axis_means_KA : judged.mean_scores_K.unsqueeze(1);
  if (judged.axis_weights_A.defined()) parts_KA = parts_KA * judged.axis_weights_A;
  return (parts_KA - parts_KA.mean(0)).square().mean(0);
}

Tensor axis_shares_A(const Tensor& variances_A) {
  const double total = variances_A.sum().item<double>();
  return total > 0 ? variances_A / total : variances_A;
}

void JudgedGroup::fill(PolicyGroup& group) const {
  group.judged = judgement;
  group.best = best;
  group.worst = worst;
}

}  // namespace rondo::align
