// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/strategy.h"

#include <gtest/gtest.h>

namespace blotto {
namespace {

std::vector<Plan> all_plans_of_four(int soldiers) {
  std::vector<Plan> all;
  for (int a = 0; a <= soldiers; ++a) {
    for (int b = 0; a + b <= soldiers; ++b) {
      for (int c = 0; a + b + c <= soldiers; ++c) all.push_back({a, b, c, soldiers - a - b - c});
    }
  }
  return all;
}

TEST(ValidPlan, IsWhatTheRuleAllows) {
  const Rule rule = ladder_rule(3, 10);
  EXPECT_EQ(valid_plan(rule, "1 2 7"), (Plan{1, 2, 7}));
  for (const char* text : {"1 2 8", "1 2", "1 2 3 4", "", "1 2 x", "-1 4 7"})
    EXPECT_FALSE(valid_plan(rule, text)) << text;
}

TEST(CompletedPlan, IsAPlanWhateverTheText) {
  const Rule rule = ladder_rule(3, 10);
  EXPECT_EQ(completed_plan(rule, "1 2"), (Plan{1, 2, 7}));
  EXPECT_EQ(completed_plan(rule, "1 2 7 9"), (Plan{1, 2, 7}));
  EXPECT_EQ(completed_plan(rule, "8 5"), (Plan{8, 2, 0}));
  EXPECT_EQ(completed_plan(rule, "castles 4"), (Plan{0, 4, 6}));
  EXPECT_EQ(completed_plan(rule, "-3 99999999999"), (Plan{0, 0, 10}));
  EXPECT_EQ(completed_plan(rule, ""), (Plan{0, 0, 10}));
}

// A game that is small enough to try every answer.
TEST(Equilibrium, IsBeatenByNoPlan) {
  const Rule rule = ladder_rule(4, 12);
  const std::vector<Plan> plans = equilibrium_sample(rule, 100, 4000, rondo::Random(1));
  const std::vector<std::optional<Plan>> sample(plans.begin(), plans.end());
  double best = 0;
  for (const Plan& plan : all_plans_of_four(12)) best = std::max(best, win_rate(rule, plan, sample));
  EXPECT_LT(best, 0.53);
  // No single plan does that.
  EXPECT_EQ(best_counter_plan(rule, {plans.front()}, 5, rondo::Random(1)).win_rate, 1);
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
  const std::vector<Plan> all = all_plans_of_four(12);
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
