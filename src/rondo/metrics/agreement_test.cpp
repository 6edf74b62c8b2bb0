// SPDX-License-Identifier: Apache-2.0
#include "rondo/metrics/agreement.h"

#include <gtest/gtest.h>

#include <cmath>

#include "rondo/base/random.h"

namespace rondo::metrics {
namespace {

constexpr double kTolerance = 1e-12;

Agreement agreement_of(const std::vector<ScoredComparison>& comparisons) {
  Contribution sum;
  for (const ScoredComparison& comparison : comparisons) sum += contribution(comparison);
  return means(sum);
}

TEST(Agreement, CountsStrictAndHalfCreditAndLeavesEvenLabelsOut) {
  // Right, wrong, no opinion, even label.
  const Agreement result = agreement_of({{.z = 2, .p = 1}, {.z = 1, .p = 0.2}, {.z = 0, .p = 1}, {.z = 5, .p = 0.5}});
  EXPECT_DOUBLE_EQ(result.accuracy, 1.0 / 3);
  EXPECT_DOUBLE_EQ(result.accuracy_half, 1.5 / 3);
}

TEST(Agreement, WeighsComparisons) {
  const Agreement result = agreement_of({{.z = 1, .p = 1, .weight = 3}, {.z = -1, .p = 1, .weight = 1}});
  EXPECT_DOUBLE_EQ(result.accuracy, 0.75);
}

TEST(Agreement, MatchesClosedFormsOfLogLossAndBrier) {
  const double sigmoid = 1 / (1 + std::exp(-1.5));
  const Agreement result = agreement_of({{.z = 1.5, .p = 0.8}});
  EXPECT_NEAR(result.log_loss, -(0.8 * std::log(sigmoid) + 0.2 * std::log(1 - sigmoid)), kTolerance);
  EXPECT_NEAR(result.brier, (sigmoid - 0.8) * (sigmoid - 0.8), kTolerance);
  EXPECT_NEAR(agreement_of({{.z = 0, .p = 1}}).log_loss, std::log(2.0), kTolerance);
}

TEST(Agreement, StaysFiniteForHugeScores) {
  EXPECT_DOUBLE_EQ(agreement_of({{.z = -1e4, .p = 1}}).log_loss, 1e4);
  EXPECT_DOUBLE_EQ(agreement_of({{.z = 1e300, .p = 1}}).log_loss, 0);
  EXPECT_DOUBLE_EQ(agreement_of({{.z = -1e4, .p = 1}}).brier, 1);
}

TEST(Agreement, DoesNotDependOnTheOrderOfAPair) {
  Random random(3);
  for (int k = 0; k < 100; ++k) {
    const double z = random.normal(), p = random.uniform();
    const Agreement one = agreement_of({{.z = z, .p = p}}), other = agreement_of({{.z = -z, .p = 1 - p}});
    EXPECT_EQ(one.accuracy, other.accuracy);
    EXPECT_NEAR(one.log_loss, other.log_loss, kTolerance);
    EXPECT_NEAR(one.brier, other.brier, kTolerance);
  }
}

TEST(Calibration, IsZeroWhereLabelsAreTheModelsOwnProbabilities) {
  std::vector<ScoredComparison> comparisons;
  Random random(5);
  for (int k = 0; k < 500; ++k) {
    const double z = 3 * random.normal();
    comparisons.push_back({.z = z, .p = 1 / (1 + std::exp(-z))});
  }
  EXPECT_NEAR(expected_calibration_error(calibration_bins(comparisons, 10)), 0, kTolerance);
}

TEST(Calibration, IsTheGapOfAnOverconfidentModel) {
  // Certain of everything and right in three of four cases.
  const std::vector<ScoredComparison> comparisons{
      {.z = 50, .p = 1}, {.z = -50, .p = 0}, {.z = 50, .p = 1}, {.z = 50, .p = 0}};
  const auto bins = calibration_bins(comparisons, 10);
  EXPECT_NEAR(expected_calibration_error(bins), 0.25, kTolerance);
  EXPECT_EQ(bins.back().weight, 4);
}

TEST(Calibration, SaysNothingOfNoComparisons) {
  EXPECT_TRUE(std::isnan(expected_calibration_error(calibration_bins({}, 10))));
  EXPECT_TRUE(std::isnan(agreement_of({}).accuracy));
}

TEST(Wilson, MatchesValuesWorkedOutByHand) {
  // centre = (0.5 + z^2/20) / (1 + z^2/10) = 0.5, half width = z sqrt(0.025 + z^2/400) / (1 + z^2/10), z = 1.959964.
  const Interval half = wilson_interval(5, 10);
  EXPECT_NEAR(half.low, 0.236593, 1e-6);
  EXPECT_NEAR(half.high, 0.763407, 1e-6);
  EXPECT_NEAR(wilson_interval(0, 10).high, 0.277533, 1e-6);  // z^2 / (10 + z^2)
  EXPECT_EQ(wilson_interval(0, 10).low, 0);
  EXPECT_TRUE(std::isnan(wilson_interval(0, 0).low));
}

}  // namespace
}  // namespace rondo::metrics
