// SPDX-License-Identifier: Apache-2.0
// judge() against plain loops over the table, for the three kinds of judges.
#include "rondo/align/judging/judging.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "rondo/base/error.h"
#include "rondo/io/test_folder.h"
#include "tests/support/tensors.h"

namespace rondo::align {
namespace {

using io::message_of;
using rondo::testing::distance;
using rondo::testing::random_tensor;

constexpr double kTolerance = 1e-12;
constexpr double kTau = 0.4;
constexpr int64_t kCount = 5;

PreferenceTable bt(uint64_t seed = 1) {
  return {.rewards_M = random_tensor({kCount}, seed), .embeddings_ME = {}, .gate_P = {}};
}
PreferenceTable gpm(uint64_t seed = 2) {
  return {
      .rewards_M = {}, .embeddings_ME = random_tensor({kCount, 6}, seed), .gate_P = random_tensor({3}, seed + 1).abs()};
}
PreferenceTable hrc(uint64_t seed = 3) {
  return {
      .rewards_M = random_tensor({kCount}, seed), .embeddings_ME = random_tensor({kCount, 4}, seed + 1), .gate_P = {}};
}

double at_ij(const Tensor& x, int64_t i, int64_t j) { return x[i][j].item<double>(); }
double at_i(const Tensor& x, int64_t i) { return x[i].item<double>(); }
double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

class EveryJudge : public ::testing::TestWithParam<PreferenceTable> {};

TEST_P(EveryJudge, MeansEqualLoopsOverTheTable) {
  const Tensor scores_KK = GetParam().scores_MM();
  for (const bool with_self : {false, true}) {
    const JudgedGroup judged = judge(GetParam(), kTau, {.mean = with_self ? "with_self" : "leave_one_out"});
    for (int64_t i = 0; i < kCount; ++i) {
      double odds = 0, probability = 0;
      int64_t others = 0;
      for (int64_t j = 0; j < kCount; ++j) {
        EXPECT_NEAR(at_ij(judged.probabilities_KK, i, j), sigmoid(at_ij(scores_KK, i, j) / kTau), kTolerance);
        if (i == j && !with_self) continue;
        odds += at_ij(scores_KK, i, j) / kTau;
        probability += sigmoid(at_ij(scores_KK, i, j) / kTau);
        ++others;
      }
      EXPECT_NEAR(at_i(judged.mean_log_odds_K, i), odds / static_cast<double>(others), kTolerance);
      EXPECT_NEAR(at_i(judged.mean_probabilities_K, i), probability / static_cast<double>(others), kTolerance);
    }
  }
}

// Reward, planes and gate: the axes are the parts of the mean score.
TEST_P(EveryJudge, AxesAddUpToTheMeanScore) {
  const Judgement judged = judge(GetParam(), kTau).judgement;
  EXPECT_LT(distance((judged.axis_means_KA * judged.axis_weights_A).sum(1), judged.mean_scores_K), kTolerance);
}

TEST_P(EveryJudge, SplitsAsTheIterationAsks) {
  const double t = 4, lambda = 0.8, shift = lambda / std::sqrt(t);
  const JudgedGroup judged = judge(GetParam(), kTau, {.iteration = 4, .lambda = lambda});
  const PreferenceTable& table = GetParam();
  for (int64_t i = 0; i < kCount; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < kCount; ++j) {
      if (i == j) continue;
      double score = 0;
      if (table.embeddings_ME.defined() && table.rewards_M.defined()) {
        const double transitive = at_i(table.rewards_M, i) - at_i(table.rewards_M, j);
        score = (1 + shift) * transitive + (1 - shift) * (at_ij(table.scores_MM(), i, j) - transitive);
      } else if (table.embeddings_ME.defined()) {
        const Tensor f = table.transitive_M();
        score = (1 + shift) * (at_i(f, i) - at_i(f, j)) + (1 - shift) * at_ij(table.cyclic_MM(), i, j);
      } else {
        score = (1 + shift) * (at_i(table.rewards_M, i) - at_i(table.rewards_M, j));
      }
      sum += sigmoid(score / kTau);
    }
    EXPECT_NEAR(at_i(judged.split_means_K, i), sum / (kCount - 1), kTolerance);
  }
  EXPECT_FALSE(judge(GetParam(), kTau).split_means_K.defined());
}

TEST_P(EveryJudge, FillsWhatObjectivesChooseThemselves) {
  PolicyGroup filled, chosen;
  const JudgedGroup judged = judge(GetParam(), kTau);
  judged.fill(filled);
  chosen.judged = judgement_of(GetParam(), kTau);
  choose_pair(chosen);
  EXPECT_EQ(filled.best, chosen.best);
  EXPECT_EQ(filled.worst, chosen.worst);
  EXPECT_EQ(distance(filled.judged.scores_KK, chosen.judged.scores_KK), 0);
  EXPECT_EQ(filled.judged.tau, kTau);
  EXPECT_FALSE(judged.is_even());
  const Tensor means_K = judged.judgement.mean_scores_K;
  const JudgedGroup by_score = judge(GetParam(), kTau, {.pair = "score"});
  for (int64_t i = 0; i < kCount; ++i) {
    EXPECT_GE(at_i(means_K, by_score.best), at_i(means_K, i));
    EXPECT_LE(at_i(means_K, by_score.worst), at_i(means_K, i));
  }
}

TEST_P(EveryJudge, NamesTheResponseWhoseNumberIsNone) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    PreferenceTable table = GetParam();
    Tensor& part = table.rewards_M.defined() ? table.rewards_M : table.embeddings_ME;
    part = part.clone();
    part[2].fill_(bad);
    const std::string message = message_of<ModelError>([&] { judge(table, kTau); });
    EXPECT_NE(message.find("response 3 of 5"), std::string::npos) << message;
    EXPECT_NE(message.find(table.rewards_M.defined() ? "reward" : "embedding"), std::string::npos) << message;
  }
}

INSTANTIATE_TEST_SUITE_P(Judges, EveryJudge, ::testing::Values(bt(), gpm(), hrc()), [](const auto& row) {
  return std::string(row.index == 0 ? "bt" : row.index == 1 ? "gpm" : "hrc");
});

TEST(Judge, ADamagedGateIsNotAResponse) {
  PreferenceTable table = gpm();
  table.gate_P = at::full({3}, NAN, table.gate_P.options());
  EXPECT_NE(message_of<ModelError>([&] { judge(table, kTau); }).find("the prompt: its gate"), std::string::npos);
}

// Finite parts whose products are not.
TEST(Judge, OverflowingScoresAreNoNumbers) {
  const PreferenceTable table{.rewards_M = {}, .embeddings_ME = random_tensor({3, 2}, 8) * 1e200, .gate_P = {}};
  EXPECT_NE(message_of<ModelError>([&] { judge(table, kTau); }).find("score"), std::string::npos);
}

TEST(Judge, AloneAResponseIsEven) {
  for (const char* const mean : {"leave_one_out", "with_self"}) {
    const JudgedGroup judged =
        judge({.rewards_M = random_tensor({1}, 4), .embeddings_ME = random_tensor({1, 4}, 5), .gate_P = {}}, kTau,
              {.mean = mean, .iteration = 1});
    EXPECT_EQ(at_i(judged.mean_log_odds_K, 0), 0);
    EXPECT_EQ(at_i(judged.mean_probabilities_K, 0), 0.5);
    EXPECT_EQ(at_i(judged.split_means_K, 0), 0.5);
    EXPECT_TRUE(judged.is_even());
    EXPECT_EQ(judged.size(), 1);
  }
}

TEST(Judge, EqualResponsesAreEven) {
  const Tensor one_E = random_tensor({1, 6}, 9);
  const JudgedGroup judged = judge({.rewards_M = {}, .embeddings_ME = one_E.expand({4, 6}), .gate_P = {}}, kTau);
  EXPECT_TRUE(judged.is_even());
  EXPECT_EQ(judged.best, 0);
  EXPECT_EQ(distance(judged.probabilities_KK, at::full({4, 4}, 0.5, one_E.options())), 0);
}

TEST(DriftMonitor, SharesFollowTheAxisThatGrows) {
  const Judgement judged = judge(hrc(), kTau).judgement;
  const Tensor shares_A = axis_shares_A(axis_variances_A(judged));
  EXPECT_NEAR(shares_A.sum().item<double>(), 1, kTolerance);
  // By hand for the reward: its leave-one-out mean is K/(K-1) times its distance from the mean.
  const Tensor rewards_K = hrc().rewards_M;
  const double scale = double{kCount} / (kCount - 1);
  const double expected = ((rewards_K - rewards_K.mean()) * scale).square().mean().item<double>();
  EXPECT_NEAR(at_i(axis_variances_A(judged), 0), expected, kTolerance);
  PreferenceTable grown = hrc();
  grown.embeddings_ME.slice(1, 2, 4) *= 3;  // the second plane
  const Tensor later_A = axis_shares_A(axis_variances_A(judge(grown, kTau).judgement));
  EXPECT_GT(at_i(later_A, 2), at_i(shares_A, 2));
  EXPECT_LT(at_i(later_A, 1), at_i(shares_A, 1));
  EXPECT_EQ(distance(axis_shares_A(at::zeros({3})), at::zeros({3})), 0);
}

TEST(DriftMonitor, TheGateCounts) {
  PreferenceTable table = gpm();
  const double before = at_i(axis_variances_A(judge(table, kTau).judgement), 1);
  table.gate_P = table.gate_P * 2;
  EXPECT_NEAR(at_i(axis_variances_A(judge(table, kTau).judgement), 1), 4 * before, kTolerance);
}

TEST(Judge, NothingToJudgeIsSaid) {
  const PreferenceTable table{.rewards_M = at::zeros({0}), .embeddings_ME = {}, .gate_P = {}};
  EXPECT_NE(message_of<DataError>([&] { judge(table, kTau); }).find("no responses"), std::string::npos);
}

}  // namespace
}  // namespace rondo::align
