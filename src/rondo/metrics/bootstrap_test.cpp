// SPDX-License-Identifier: Apache-2.0
#include "rondo/metrics/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "rondo/base/random.h"

namespace rondo::metrics {
namespace {

std::vector<Contribution> contributions_of(const std::vector<ScoredComparison>& comparisons) {
  std::vector<Contribution> result;
  for (const ScoredComparison& comparison : comparisons) result.push_back(contribution(comparison));
  return result;
}

double standard_deviation(const std::vector<Agreement>& samples) {
  double sum = 0, squares = 0;
  for (const Agreement& sample : samples) {
    sum += sample.accuracy;
    squares += sample.accuracy * sample.accuracy;
  }
  const double count = static_cast<double>(samples.size());
  return std::sqrt(squares / count - sum / count * sum / count);
}

// `prompts` groups of one comparison each; a share of `right` agrees.
std::vector<ScoredComparison> pairs(int64_t prompts, double right) {
  std::vector<ScoredComparison> result;
  for (int64_t group = 0; group < prompts; ++group) {
    const bool agrees = static_cast<double>(group) < right * static_cast<double>(prompts);
    result.push_back({.z = agrees ? 1.0 : -1.0, .p = 1, .group = group, .i = 0, .j = 1});
  }
  return result;
}

// All pairs of one prompt's responses, labelled by a noisy ladder.
std::vector<ScoredComparison> tournament(int32_t responses, uint64_t seed) {
  std::vector<ScoredComparison> result;
  Random random(seed);
  for (int32_t i = 0; i < responses; ++i) {
    for (int32_t j = i + 1; j < responses; ++j) {
      result.push_back({.z = random.normal() + 0.5, .p = 1, .group = 7, .i = i, .j = j});
    }
  }
  return result;
}

TEST(Bootstrap, DrawsPromptsAndHasTheBinomialSpread) {
  const auto comparisons = pairs(400, 0.8);
  const Bootstrap result = bootstrap(comparisons, contributions_of(comparisons), {.resamples = 4000, .seed = 1});
  EXPECT_EQ(result.units, "prompts");
  EXPECT_EQ(result.unit_count, 400);
  EXPECT_NEAR(standard_deviation(result.samples), std::sqrt(0.8 * 0.2 / 400), 0.001);
}

TEST(Bootstrap, IsWiderWhereComparisonsOfAPromptAgree) {
  // Ten copies of each prompt's comparison carry no news: the spread stays that of 400 prompts.
  auto comparisons = pairs(400, 0.8);
  const auto once = comparisons;
  for (int copy = 1; copy < 10; ++copy) comparisons.insert(comparisons.end(), once.begin(), once.end());
  const Bootstrap result = bootstrap(comparisons, contributions_of(comparisons), {.resamples = 4000, .seed = 1});
  EXPECT_NEAR(standard_deviation(result.samples), std::sqrt(0.8 * 0.2 / 400), 0.001);
}

TEST(Bootstrap, DrawsResponsesOfASinglePromptAsTheBruteForceDoes) {
  const auto comparisons = tournament(12, 4);
  const BootstrapOptions options{.resamples = 50, .seed = 9};
  const Bootstrap result = bootstrap(comparisons, contributions_of(comparisons), options);
  EXPECT_EQ(result.units, "responses");
  EXPECT_EQ(result.unit_count, 12);
  for (uint64_t k = 0; k < 50; ++k) {
    std::vector<double> counts(12);
    Random random = Random(options.seed).split(k);
    for (int draw = 0; draw < 12; ++draw) counts[random.below(12)] += 1;
    double right = 0, decided = 0;
    for (const ScoredComparison& c : comparisons) {
      const double times = counts[static_cast<size_t>(c.i)] * counts[static_cast<size_t>(c.j)];
      decided += times;
      right += c.z > 0 ? times : 0;
    }
    EXPECT_NEAR(result.samples[k].accuracy, right / decided, 1e-12);
  }
}

TEST(Bootstrap, PairsTheDrawsOfTwoModels) {
  const auto first = tournament(10, 1);
  auto second = first;
  for (ScoredComparison& comparison : second) comparison.z = -comparison.z;
  const Bootstrap a = bootstrap(first, contributions_of(first), {});
  const Bootstrap b = bootstrap(second, contributions_of(second), {});
  for (size_t k = 0; k < a.samples.size(); ++k) EXPECT_NEAR(a.samples[k].accuracy + b.samples[k].accuracy, 1, 1e-12);
}

TEST(Bootstrap, IsQuickOnALargeTournament) {
  // 79,800 comparisons, 1,000 resamples: the time is printed by the runner and stays in the seconds.
  const auto comparisons = tournament(400, 2);
  const Bootstrap result = bootstrap(comparisons, contributions_of(comparisons), {});
  EXPECT_EQ(result.samples.size(), 1000u);
}

TEST(PercentileInterval, InterpolatesAndIgnoresWhatIsNotANumber) {
  std::vector<double> values(41);
  std::iota(values.begin(), values.end(), 0.0);
  values.push_back(std::nan(""));
  const Interval interval = percentile_interval(values);
  EXPECT_DOUBLE_EQ(interval.low, 1);
  EXPECT_DOUBLE_EQ(interval.high, 39);
  EXPECT_TRUE(std::isnan(percentile_interval({}).low));
}

}  // namespace
}  // namespace rondo::metrics
