// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/strategy.h"

#include <gtest/gtest.h>

namespace blotto {
namespace {

TEST(ValidPlan, IsWhatTheRuleAllows) {
  const Rule rule = ladder_rule(3, 10);
  EXPECT_EQ(valid_plan(rule, "1 2 7"), (Plan{1, 2, 7}));
  for (const char* text : {"1 2 8", "1 2", "1 2 3 4", "", "1 2 x", "-1 4 7"})
    EXPECT_FALSE(valid_plan(rule, text)) << text;
}

TEST(Verdict, LetsInvalidTextsLose) {
  const Rule rule = ladder_rule(3, 10);
  const Plan a = {0, 0, 10}, b = {4, 5, 1};  // a takes 3 points, b takes 1 + 2
  EXPECT_EQ(verdict(rule, a, b), 0.5);
  EXPECT_EQ(verdict(rule, Plan{0, 1, 9}, Plan{0, 0, 10}), 0);
  EXPECT_EQ(verdict(rule, a, std::nullopt), 1);
  EXPECT_EQ(verdict(rule, std::nullopt, a), 0);
  EXPECT_EQ(verdict(rule, std::nullopt, std::nullopt), 0.5);
}

TEST(Outcomes, OfTextsAreThoseOfPlans) {
  const Rule rule = ladder_rule(3, 10);
  const std::vector<Plan> plans = {{0, 0, 10}, {0, 1, 9}, {4, 5, 1}, {5, 5, 0}};
  std::vector<std::optional<Plan>> sample(plans.begin(), plans.end());
  EXPECT_EQ(outcomes(rule, sample), outcomes(rule, plans));
  EXPECT_EQ(outcomes(rule, {Plan{0, 0, 10}, std::nullopt, Plan{0, 1, 9}}), "WWL");
}

// Against all plans of a small game the search is compared with trying every plan.
TEST(CounterPlan, IsTheBestOfASmallGame) {
  const Rule rule = ladder_rule(4, 12);
  std::vector<Plan> all;
  for (int a = 0; a <= 12; ++a) {
    for (int b = 0; a + b <= 12; ++b) {
      for (int c = 0; a + b + c <= 12; ++c) all.push_back({a, b, c, 12 - a - b - c});
    }
  }
  rondo::Random random(3);
  std::vector<std::optional<Plan>> sample = {std::nullopt};
  for (int k = 0; k < 40; ++k) sample.emplace_back(all[random.below(all.size())]);
  double best = 0;
  for (const Plan& plan : all) {
    double sum = 0;
    for (const auto& opponent : sample) sum += verdict(rule, plan, opponent);
    EXPECT_NEAR(win_rate(rule, plan, sample), sum / static_cast<double>(sample.size()), 1e-12);
    best = std::max(best, sum / static_cast<double>(sample.size()));
  }
  const CounterPlan found = best_counter_plan(rule, sample, 20, rondo::Random(1));
  EXPECT_NEAR(found.win_rate, win_rate(rule, found.plan, sample), 1e-12);
  EXPECT_NEAR(found.win_rate, best, 1e-12);
}

}  // namespace
}  // namespace blotto
