// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/tabular/sampled.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "rondo/base/error.h"

namespace rondo::align {
namespace {

Tensor indices_of(const std::vector<int64_t>& responses) {
  return at::tensor(responses, at::TensorOptions().dtype(at::kLong));
}

int64_t draw(const double* probabilities, int64_t count, Random& random) {
  double left = random.uniform();
  for (int64_t i = 0; i + 1 < count; ++i) {
    left -= probabilities[i];
    if (left < 0) return i;
  }
  return count - 1;
}

Tensor gradient_of(const Tensor& loss, const Tensor& theta_N) {
  theta_N.mutable_grad() = Tensor();
  loss.backward();
  return theta_N.grad().clone();
}

}  // namespace

PolicyGroup tabular_group(const Game& game, const TabularPolicies& policies, const std::vector<int64_t>& responses) {
  const Tensor index_K = indices_of(responses);
  PolicyGroup group;
  group.log_prob_K = at::log_softmax(policies.theta_N, 0).index_select(0, index_K);
  group.reference_K = policies.reference_N.index_select(0, index_K);
  group.last_K = policies.last_N.index_select(0, index_K);
  if (policies.magnet_N.defined()) group.magnet_K = policies.magnet_N.index_select(0, index_K);
  group.length_K = at::ones_like(group.reference_K);
  group.tokens = {.policy_T = group.log_prob_K,
                  .old_T = group.last_K,
                  .reference_T = group.reference_K,
                  .response_of_T = at::arange(index_K.size(0), at::TensorOptions().dtype(at::kLong))};
  const Tensor scores_KK = game.log_odds_NN.index_select(0, index_K).index_select(1, index_K);
  const auto others = static_cast<double>(std::max<size_t>(1, responses.size() - 1));
  group.judged = {
      .mean_scores_K = scores_KK.sum(1) / others, .scores_KK = scores_KK, .transitive_K = scores_KK.mean(1), .tau = 1};
  choose_pair(group);
  return group;
}

PolicyGroup sample_group(const Game& game, const TabularPolicies& policies, const ObjectiveEntry& objective,
                         int64_t size, Random& random) {
  const Tensor p_N = policies.last_N.exp().contiguous();
  std::vector<int64_t> responses;
  for (int64_t k = 0; k < (objective.learns_from == LearnsFrom::kPair ? 2 : size); ++k)
    responses.push_back(draw(p_N.const_data_ptr<double>(), p_N.size(0), random));
  PolicyGroup group = tabular_group(game, policies, responses);
  if (objective.learns_from == LearnsFrom::kPair) {
    const double first_wins = 1 / (1 + std::exp(-group.judged.scores_KK[0][1].item<double>()));
    group.best = random.uniform() < first_wins ? 0 : 1;
    group.worst = 1 - group.best;
  }
  return group;
}

Tensor sampled_gradient(const Game& game, const TabularPolicies& policies, const ObjectiveConfig& config,
                        int64_t groups, int64_t group_size, Random& random) {
  const ObjectiveEntry& objective = objective_by_name(config.objective);
  Tensor total;
  for (int64_t g = 0; g < groups; ++g) {
    const Tensor loss = objective.loss(sample_group(game, policies, objective, group_size, random), config);
    total = total.defined() ? total + loss : loss;
  }
  return gradient_of(total / static_cast<double>(groups), policies.theta_N);
}

Tensor expected_pair_gradient(const Game& game, const TabularPolicies& policies, const ObjectiveConfig& config) {
  const ObjectiveEntry& objective = objective_by_name(config.objective);
  const Tensor p_N = policies.last_N.exp();
  Tensor total;
  const auto add = [&](const PolicyGroup& group, double weight) {
    const Tensor term = weight * objective.loss(group, config);
    total = total.defined() ? total + term : term;
  };
  for (int64_t i = 0; i < game.size(); ++i) {
    for (int64_t j = 0; j < game.size(); ++j) {
      const double weight = (p_N[i] * p_N[j]).item<double>();
      PolicyGroup group = tabular_group(game, policies, {i, j});
      if (objective.learns_from != LearnsFrom::kPair) {
        add(group, weight);
        continue;
      }
      const double first_wins = 1 / (1 + std::exp(-game.log_odds_NN[i][j].item<double>()));
      for (const int64_t best : {0, 1}) {
        group.best = best;
        group.worst = 1 - best;
        add(group, weight * (best == 0 ? first_wins : 1 - first_wins));
      }
    }
  }
  return gradient_of(total, policies.theta_N);
}

}  // namespace rondo::align
