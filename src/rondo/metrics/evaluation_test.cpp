// SPDX-License-Identifier: Apache-2.0
#include "rondo/metrics/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/base/random.h"

namespace rondo::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// One comparison per prompt, right with the given probability.
std::vector<ScoredComparison> model(double skill, uint64_t seed) {
  Random random(seed);
  std::vector<ScoredComparison> result;
  for (int64_t group = 0; group < 500; ++group) {
    const double sign = random.uniform() < skill ? 1 : -1;
    result.push_back({.z = sign, .p = 1, .group = group, .i = 0, .j = 1, .left_length = 10, .right_length = 20});
  }
  return result;
}

TEST(Evaluation, HasTheContractKeys) {
  const nlohmann::ordered_json json = to_json(evaluate(model(0.8, 1), {}));
  for (const char* key : {"accuracy", "accuracy_half", "accuracy_low", "accuracy_high", "log_loss", "brier", "ece",
                          "comparisons", "cyclic_triads", "cyclic_triads_right", "cyclic_triads_right_count"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_TRUE(json["cyclic_triads_right"].is_null());
  EXPECT_EQ(json["bootstrap"]["units"], "prompts");
  EXPECT_LT(json["accuracy_low"], json["accuracy"]);
  EXPECT_GT(json["accuracy_high"], json["accuracy"]);
}

TEST(Evaluation, WritesNullForWhatCannotBeComputed) {
  const nlohmann::ordered_json json = nlohmann::ordered_json::parse(to_json(evaluate({}, {})).dump());
  EXPECT_TRUE(json["accuracy"].is_null());
  EXPECT_TRUE(json["log_loss"].is_null());
  EXPECT_EQ(json["comparisons"], 0);
}

TEST(Evaluation, RefusesScoresThatAreNotNumbers) {
  const std::vector<ScoredComparison> comparisons{{.z = std::nan(""), .group = 4, .i = 1, .j = 2}};
  EXPECT_THAT([&] { evaluate(comparisons, {}); }, ThrowsMessage<DataError>(HasSubstr("group 4, responses 1 and 2")));
}

TEST(Evaluation, IsMadePerSubset) {
  const std::vector<ScoredComparison> comparisons{{.z = 1, .group = 0}, {.z = -1, .group = 1}, {.z = 1, .group = 2}};
  const std::vector<std::string> subsets{"chat", "math", "chat"};
  const auto parts = evaluate_subsets(comparisons, subsets, {});
  EXPECT_EQ(parts.at("chat").agreement.accuracy, 1);
  EXPECT_EQ(parts.at("chat").comparisons, 2);
  EXPECT_EQ(parts.at("math").agreement.accuracy, 0);
}

TEST(Difference, IsClearBetweenAGoodAndABadModelOnly) {
  const auto good = model(0.9, 1), bad = model(0.6, 2), same = model(0.9, 3);
  EXPECT_EQ(verdict(difference(good, bad, {})), "better");
  EXPECT_EQ(verdict(difference(bad, good, {})), "worse");
  EXPECT_EQ(verdict(difference(good, same, {})), "no clear difference");
  EXPECT_NEAR(difference(good, bad, {}).accuracy,
              evaluate(good, {}).agreement.accuracy - evaluate(bad, {}).agreement.accuracy, 1e-12);
}

TEST(Difference, IsNarrowerThanTheIntervalsOfCorrelatedModels) {
  auto second = model(0.8, 1);
  for (size_t k = 0; k < 10; ++k) second[k].z = -second[k].z;
  const Evaluation a = evaluate(model(0.8, 1), {});
  const Interval paired = difference(model(0.8, 1), second, {}).accuracy_interval;
  EXPECT_LT(paired.high - paired.low, (a.accuracy.high - a.accuracy.low) / 2);
}

// Two models that are right on the comparisons which they share, and each wrong on those that it alone has.
TEST(Difference, IsOfTheCommonComparisons) {
  auto first = model(1, 1), second = model(1, 1);
  for (size_t k = 0; k < 100; ++k) first[k].z = -1;
  for (size_t k = 400; k < 500; ++k) second[k].z = -1;
  const auto all = difference(first, second, {});
  EXPECT_EQ(all.comparisons, 500);
  first.erase(first.begin() + 400, first.end());
  second.erase(second.begin(), second.begin() + 100);
  std::swap(second.front(), second.back());  // another order
  const Difference common = difference(first, second, {});
  EXPECT_EQ(common.comparisons, 300);
  EXPECT_EQ(common.accuracy, 0);
  EXPECT_EQ(common.accuracy_interval.low, 0);
  EXPECT_EQ(common.accuracy_interval.high, 0);
}

TEST(Difference, OfNothingInCommonIsNotMade) {
  auto first = model(0.8, 1), second = first;
  for (ScoredComparison& c : second) c.number = 1;
  const Difference none = difference(first, second, {});
  EXPECT_EQ(none.comparisons, 0);
  EXPECT_EQ(verdict(none), "not compared");
  EXPECT_TRUE(nlohmann::ordered_json::parse(to_json(none).dump())["accuracy"].is_null());
}

TEST(Baselines, FollowLengthAndPosition) {
  // The preferred response: longer, longer, shorter, equally long. It stands first in the first two rows.
  const std::vector<ScoredComparison> comparisons{
      {.p = 1, .group = 0, .i = 0, .j = 1, .left_length = 9, .right_length = 3},
      {.p = 1, .group = 1, .i = 0, .j = 1, .left_length = 9, .right_length = 3},
      {.p = 0, .group = 2, .i = 0, .j = 1, .left_length = 9, .right_length = 3},
      {.p = 1, .group = 3, .i = 1, .j = 0, .left_length = 4, .right_length = 4}};
  const NullBaselines baselines = null_baselines(comparisons, 1);
  EXPECT_DOUBLE_EQ(baselines.longest, 2.5 / 4);
  EXPECT_DOUBLE_EQ(baselines.shortest, 1.5 / 4);
  EXPECT_DOUBLE_EQ(baselines.first, 2.0 / 4);
}

TEST(Baselines, TossAFairCoinThatIgnoresTheOrderOfAPair) {
  std::vector<ScoredComparison> comparisons = model(0.5, 1), swapped;
  for (ScoredComparison c : comparisons) {
    std::swap(c.i, c.j);
    c.p = 1 - c.p;
    swapped.push_back(c);
  }
  const double random = null_baselines(comparisons, 1).random;
  EXPECT_NEAR(random, 0.5, 0.06);
  EXPECT_EQ(random, null_baselines(swapped, 1).random);
}

TEST(LengthBins, SplitByThePreferredResponsesLengthAndByQuarters) {
  const std::vector<ScoredComparison> comparisons{{.z = 1, .p = 1, .left_length = 10, .right_length = 5},
                                                  {.z = 1, .p = 0, .left_length = 10, .right_length = 5},
                                                  {.z = 1, .p = 1, .left_length = 100, .right_length = 95},
                                                  {.z = 1, .p = 0.5, .left_length = 7, .right_length = 1}};
  const std::vector<LengthBin> bins = length_bins(comparisons);
  ASSERT_GE(bins.size(), 3u);
  EXPECT_EQ(bins[0].name, "preferred shorter");
  EXPECT_EQ(bins[0].accuracy, 0);
  EXPECT_EQ(bins[1].name, "similar length");
  EXPECT_EQ(bins[2].accuracy, 1);
  EXPECT_TRUE(length_bins({}).empty());
  // Fewer comparisons than quarters: every one is counted once among the quarters.
  for (size_t count = 1; count <= 3; ++count) {
    double counted = 0;
    for (const LengthBin& bin : length_bins(std::span(comparisons).first(count))) {
      if (bin.name.starts_with("up to")) counted += bin.comparisons;
    }
    EXPECT_EQ(counted, static_cast<double>(count));
  }
}

}  // namespace
}  // namespace rondo::metrics
