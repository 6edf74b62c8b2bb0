// SPDX-License-Identifier: Apache-2.0
// What every row of objectives.def must prove.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "rondo/align/objectives/shared/objective.h"
#include "rondo/align/objectives/shared/targets.h"
#include "rondo/base/error.h"
#include "tests/support/tensors.h"

namespace rondo::align {
namespace {

using testing::distance;
using testing::numerical_gradient;
using testing::random_tensor;

constexpr double kExample = 1e-7;  // the examples are written with eight digits
constexpr double kNumerical = 1e-6;

Tensor numbers(const std::vector<double>& values) { return at::tensor(values, at::TensorOptions().dtype(at::kDouble)); }

// Token log-probabilities that sum to those of the responses.
TokenLogProbs spread(const PolicyGroup& group) {
  std::vector<int64_t> owner;
  for (int64_t k = 0; k < group.length_K.size(0); ++k)
    owner.insert(owner.end(), static_cast<size_t>(group.length_K[k].item<double>()), k);
  const Tensor of_T = at::tensor(owner, at::TensorOptions().dtype(at::kLong));
  const auto per_token = [&](const Tensor& x_K) { return (x_K / group.length_K).index_select(0, of_T); };
  return {.policy_T = per_token(group.log_prob_K),
          .old_T = per_token(group.last_K),
          .reference_T = per_token(group.reference_K),
          .response_of_T = of_T};
}

// A judge of rewards alone, so that all of its preferences are transitive.
PolicyGroup example_group(const ObjectiveExample& e) {
  PolicyGroup group;
  group.log_prob_K = numbers({e.log_prob[0], e.log_prob[1]});
  group.reference_K = numbers({-1, -2});
  group.last_K = numbers({-1.5, -2.5});
  group.length_K = numbers({2, 4});
  group.judged = judgement_of({.rewards_M = numbers({e.score, 0}), .embeddings_ME = {}, .gate_P = {}}, 1);
  group.tokens = spread(group);
  choose_pair(group);
  return group;
}

PolicyGroup random_group(int64_t count, uint64_t seed) {
  PolicyGroup group;
  group.log_prob_K = random_tensor({count}, seed) - 8;
  group.reference_K = random_tensor({count}, seed + 1) - 8;
  group.last_K = random_tensor({count}, seed + 2) - 8;
  group.magnet_K = random_tensor({count}, seed + 3) - 8;
  group.length_K = at::arange(3, 3 + count, at::TensorOptions().dtype(at::kDouble));
  group.judged = judgement_of({.rewards_M = random_tensor({count}, seed + 4),
                               .embeddings_ME = random_tensor({count, 4}, seed + 5),
                               .gate_P = {}},
                              0.7);
  group.tokens = spread(group);
  choose_pair(group);
  return group;
}

class EveryObjective : public ::testing::TestWithParam<const ObjectiveEntry*> {};

TEST_P(EveryObjective, ItsWorkedExamplesHold) {
  for (size_t i = 0; i < kObjectiveExamples.size(); ++i) {
    const ObjectiveExample& e = kObjectiveExamples[i];
    EXPECT_NEAR(GetParam()->loss(example_group(e), {}).item<double>(), GetParam()->expected[i], kExample)
        << "log_prob " << e.log_prob[0] << ", " << e.log_prob[1] << " score " << e.score;
  }
}

TEST_P(EveryObjective, GradientEqualsFiniteDifferences) {
  for (const char* const log_z : {"zero", "sample"}) {  // "mean" holds its log Z still
    PolicyGroup group = random_group(5, 31);
    const Tensor log_prob_K = group.log_prob_K.detach().clone().requires_grad_(true);
    ObjectiveConfig config;
    config.log_z = log_z;
    config.beta = 0.6;
    config.magnet_weight = 0.2;
    config.iteration = 2;
    const auto loss = [&](const Tensor& values_K) {
      group.log_prob_K = values_K;
      group.tokens = spread(group);
      return GetParam()->loss(group, config);
    };
    loss(log_prob_K).backward();
    const Tensor gradient_K = log_prob_K.grad().clone();
    EXPECT_GT(gradient_K.abs().max().item<double>(), 1e-4);
    const Tensor plain_K = log_prob_K.detach();
    EXPECT_LT(distance(gradient_K, numerical_gradient([&] { return loss(plain_K).item<double>(); }, plain_K)),
              kNumerical);
  }
}

// Loss and gradient follow the responses wherever they stand in the group.
TEST_P(EveryObjective, TheOrderOfTheGroupDoesNotMatter) {
  const PolicyGroup group = random_group(4, 17);
  const Tensor order_K = at::tensor(std::vector<int64_t>{2, 0, 3, 1}, at::TensorOptions().dtype(at::kLong));
  PolicyGroup moved = group;
  for (Tensor PolicyGroup::*part : {&PolicyGroup::log_prob_K, &PolicyGroup::reference_K, &PolicyGroup::last_K,
                                    &PolicyGroup::magnet_K, &PolicyGroup::length_K})
    moved.*part = (group.*part).index_select(0, order_K);
  moved.judged.mean_scores_K = group.judged.mean_scores_K.index_select(0, order_K);
  moved.judged.scores_KK = group.judged.scores_KK.index_select(0, order_K).index_select(1, order_K);
  moved.judged.transitive_K = group.judged.transitive_K.index_select(0, order_K);
  moved.judged.axis_means_KA = group.judged.axis_means_KA.index_select(0, order_K);
  moved.tokens = spread(moved);
  choose_pair(moved);
  EXPECT_NEAR(GetParam()->loss(group, {}).item<double>(), GetParam()->loss(moved, {}).item<double>(), 1e-12);
}

// Pairs of many groups are one batch: two rows of responses, a loss for each column.
TEST_P(EveryObjective, TakesManyPairsAtOnceWhereItLearnsFromPairs) {
  if (GetParam()->learns_from != LearnsFrom::kPair) GTEST_SKIP() << "learns from whole groups";
  std::vector<PolicyGroup> groups;
  for (const uint64_t seed : {3, 13, 23}) groups.push_back(random_group(2, seed));
  PolicyGroup batch;
  for (Tensor PolicyGroup::*part : {&PolicyGroup::log_prob_K, &PolicyGroup::reference_K, &PolicyGroup::last_K,
                                    &PolicyGroup::magnet_K, &PolicyGroup::length_K}) {
    std::vector<Tensor> columns;
    for (const PolicyGroup& group : groups) columns.push_back(group.*part);
    batch.*part = at::stack(columns, 1);
  }
  batch.best = 0;
  batch.worst = 1;
  const Tensor loss_P = GetParam()->loss(batch, {});
  ASSERT_EQ(loss_P.sizes(), at::IntArrayRef{3});
  for (int64_t p = 0; p < 3; ++p) {
    PolicyGroup& alone = groups[static_cast<size_t>(p)];
    alone.best = 0;
    alone.worst = 1;
    EXPECT_NEAR(loss_P[p].item<double>(), GetParam()->loss(alone, {}).item<double>(), 1e-12);
  }
}

// The target is what the residual is taken against: where D equals it, a loss without log Z is zero.
TEST_P(EveryObjective, ItsTargetIsItsMinimum) {
  if (GetParam()->target == nullptr) GTEST_SKIP() << "no target";
  PolicyGroup group = random_group(4, 5);
  ObjectiveConfig config;
  config.log_z = "zero";
  config.magnet_weight = 0.4;
  const Tensor target_K = GetParam()->target(group, config);
  const bool is_per_token = GetParam()->name == "ln_gpo";
  group.log_prob_K = group.reference_K + (is_per_token ? target_K * group.length_K : target_K);
  EXPECT_NEAR(GetParam()->loss(group, config).item<double>(), 0, 1e-20);
  config.magnet_weight = 0;
  EXPECT_GT(GetParam()->loss(group, config).item<double>(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Objectives, EveryObjective,
                         ::testing::ValuesIn(all_objectives().begin(), all_objectives().end()),
                         [](const auto& row) { return std::string(row.param->name); });

TEST(Judgement, KeepsTheSplitOfAnHrcJudgeAndMakesThatOfAGpm) {
  const Tensor rewards_K = random_tensor({4}, 1), embeddings_KE = random_tensor({4, 6}, 2);
  const PreferenceTable hrc{.rewards_M = rewards_K, .embeddings_ME = embeddings_KE, .gate_P = {}};
  EXPECT_EQ(distance(judgement_of(hrc, 1).transitive_K, rewards_K), 0);
  const PreferenceTable gpm{.rewards_M = {}, .embeddings_ME = embeddings_KE, .gate_P = {}};
  const Judgement judged = judgement_of(gpm, 1);
  // The Hodge part of a table is its row mean, diagonal included.
  EXPECT_LT(distance(judged.transitive_K, judged.scores_KK.mean(1)), 1e-12);
}

TEST(Dsppo, BecomesSppoWhereNothingIsCyclicAndInTheLongRun) {
  PolicyGroup group = random_group(5, 3);
  ObjectiveConfig config;
  config.iteration = int64_t{1} << 60;
  const ObjectiveEntry &dsppo = objective_by_name("dsppo"), &sppo = objective_by_name("sppo");
  EXPECT_NEAR(dsppo.loss(group, config).item<double>(), sppo.loss(group, config).item<double>(), 1e-8);
  config.iteration = 1;  // lambda 1: the cyclic part is switched off, the transitive one doubled
  group.judged.scores_KK = 2 * (group.judged.transitive_K.unsqueeze(1) - group.judged.transitive_K.unsqueeze(0));
  PolicyGroup cyclic = random_group(5, 3);
  EXPECT_NEAR(dsppo.loss(cyclic, config).item<double>(), sppo.loss(group, config).item<double>(), 1e-12);
}

// Plane by plane in loops: standardised on its own scale, weighed by the gate and the monitor.
double gprl_by_hand(const PolicyGroup& group, const PreferenceTable& table, const std::vector<double>& multipliers) {
  const int64_t count = group.length_K.size(0), planes = table.embeddings_ME.size(1) / 2;
  const auto number = [](const Tensor& x) { return x.item<double>(); };
  const auto coordinate = [&](int64_t i, int64_t e) { return number(table.embeddings_ME[i][e]); };
  const auto axis_value = [&](int64_t axis, int64_t i) {
    if (axis == 0) return number(table.rewards_M[i]);  // against the mean of the others: an affine function of r_i
    const int64_t l = axis - 1;
    double sum = 0;
    for (int64_t j = 0; j < count; ++j)
      sum += coordinate(i, 2 * l) * coordinate(j, 2 * l + 1) - coordinate(i, 2 * l + 1) * coordinate(j, 2 * l);
    return sum;
  };
  double loss = 0;
  std::vector<double> advantage(static_cast<size_t>(count), 0);
  for (int64_t axis = 0; axis <= planes; ++axis) {
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < count; ++i) mean += axis_value(axis, i) / static_cast<double>(count);
    for (int64_t i = 0; i < count; ++i)
      variance += std::pow(axis_value(axis, i) - mean, 2) / static_cast<double>(count);
    const double weight = multipliers[static_cast<size_t>(axis)] * (axis == 0 ? 1 : number(table.gate_P[axis - 1]));
    for (int64_t i = 0; i < count; ++i)
      advantage[static_cast<size_t>(i)] += weight * (axis_value(axis, i) - mean) / std::sqrt(variance);
  }
  // Tokens of a response share its log-probability evenly (see spread), so that each of them says the same.
  for (int64_t i = 0; i < count; ++i) {
    const double tokens = number(group.length_K[i]), a = advantage[static_cast<size_t>(i)];
    const double ratio = std::exp((number(group.log_prob_K[i]) - number(group.last_K[i])) / tokens);
    const double q = (number(group.reference_K[i]) - number(group.log_prob_K[i])) / tokens;
    const double clipped = std::min(std::max(ratio, 0.8), 1.2);
    loss -= (std::min(ratio * a, clipped * a) - 0.1 * (std::exp(q) - q - 1)) / static_cast<double>(count);
  }
  return loss;
}

TEST(Gprl, StandardisesEveryPlaneByItself) {
  PolicyGroup group = random_group(6, 41);
  const PreferenceTable table{.rewards_M = random_tensor({6}, 51),
                              .embeddings_ME = random_tensor({6, 6}, 52),
                              .gate_P = random_tensor({3}, 53).abs()};
  group.judged = judgement_of(table, 0.3);
  const ObjectiveEntry& gprl = objective_by_name("gprl");
  ObjectiveConfig config;
  // The tolerance is that of the 1e-6 beside the standard deviation.
  EXPECT_NEAR(gprl.loss(group, config).item<double>(), gprl_by_hand(group, table, {1, 1, 1, 1}), 1e-5);
  config.axis_multipliers = {0.5, 2, 0, 1};
  EXPECT_NEAR(gprl.loss(group, config).item<double>(), gprl_by_hand(group, table, config.axis_multipliers), 1e-5);
  config.axis_multipliers = {1, 1};
  EXPECT_THROW((void)gprl.loss(group, config), ConfigError);
}

TEST(Gprl, IsGrpoWhereOnlyTheRewardSpeaks) {
  PolicyGroup group = random_group(5, 61);
  group.judged = judgement_of({.rewards_M = random_tensor({5}, 62), .embeddings_ME = {}, .gate_P = {}}, 1);
  const double grpo = objective_by_name("grpo").loss(group, {}).item<double>();
  EXPECT_NEAR(objective_by_name("gprl").loss(group, {}).item<double>(), grpo, 1e-12);
  // A table from elsewhere has its mean score as the only axis.
  group.judged.axis_means_KA = group.judged.axis_weights_A = Tensor();
  EXPECT_NEAR(objective_by_name("gprl").loss(group, {}).item<double>(), grpo, 1e-12);
}

}  // namespace
}  // namespace rondo::align
