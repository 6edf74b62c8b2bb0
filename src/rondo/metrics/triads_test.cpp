// SPDX-License-Identifier: Apache-2.0
#include "rondo/metrics/triads.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "rondo/base/random.h"

namespace rondo::metrics {
namespace {

// Every triple of responses, looked at one by one.
TriadCount brute_force(const std::vector<ScoredComparison>& comparisons, int32_t responses) {
  std::map<std::pair<int32_t, int32_t>, std::pair<double, double>> lean;
  for (const ScoredComparison& c : comparisons) {
    lean[{c.i, c.j}] = {c.p - 0.5, c.z};
    lean[{c.j, c.i}] = {0.5 - c.p, -c.z};
  }
  const auto beats = [&](int32_t a, int32_t b) { return lean.contains({a, b}) && lean.at({a, b}).first > 0; };
  const auto right = [&](int32_t a, int32_t b) { return lean.at({a, b}).second > 0; };
  TriadCount count;
  for (int32_t a = 0; a < responses; ++a) {
    for (int32_t b = 0; b < responses; ++b) {
      for (int32_t c = 0; c < responses; ++c) {
        // Each cycle is met at its three starting points; the smallest index starts it once.
        if (a > b || a > c || !beats(a, b) || !beats(b, c) || !beats(c, a)) continue;
        ++count.cyclic;
        count.right += right(a, b) && right(b, c) && right(c, a) ? 1 : 0;
      }
    }
  }
  return count;
}

std::vector<ScoredComparison> random_comparisons(int32_t responses, double share, uint64_t seed) {
  Random random(seed);
  std::vector<ScoredComparison> result;
  for (int32_t i = 0; i < responses; ++i) {
    for (int32_t j = 0; j < i; ++j) {
      if (random.uniform() >= share) continue;
      const double labels[] = {0, 0.5, 1, 0.7};
      const double scores[] = {-2, 0, 1, 3};
      result.push_back({.z = scores[random.below(4)], .p = labels[random.below(4)], .group = 3, .i = i, .j = j});
    }
  }
  return result;
}

TEST(Triads, AgreeWithBruteForceOnRandomGraphs) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const auto responses = static_cast<int32_t>(3 + 3 * seed);
    const auto comparisons = random_comparisons(responses, seed % 2 == 0 ? 1.0 : 0.6, seed);
    const TriadCount expected = brute_force(comparisons, responses);
    const TriadCount count = count_triads(comparisons, {});
    EXPECT_EQ(count.cyclic, expected.cyclic) << "seed " << seed;
    EXPECT_EQ(count.right, expected.right) << "seed " << seed;
    EXPECT_EQ(count.sampled_groups, 0);
  }
}

TEST(Triads, AreNeverRightUnderAScalarReward) {
  auto comparisons = random_comparisons(40, 1, 8);
  Random random(1);
  std::vector<double> rewards(40);
  for (double& reward : rewards) reward = random.normal();
  for (ScoredComparison& c : comparisons) c.z = rewards[static_cast<size_t>(c.i)] - rewards[static_cast<size_t>(c.j)];
  const TriadCount count = count_triads(comparisons, {});
  EXPECT_GT(count.cyclic, 0);
  EXPECT_EQ(count.right, 0);
}

TEST(Triads, StayInsideTheirGroups) {
  // Three edges that would close a cycle if the group were ignored.
  const std::vector<ScoredComparison> comparisons{
      {.z = 1, .group = 1, .i = 0, .j = 1}, {.z = 1, .group = 1, .i = 1, .j = 2}, {.z = 1, .group = 2, .i = 2, .j = 0}};
  EXPECT_EQ(count_triads(comparisons, {}).cyclic, 0);
}

TEST(Triads, SumRepeatedVotesOfAPair) {
  // The votes for 0 over 1 outweigh the one against, so the cycle stands.
  const std::vector<ScoredComparison> comparisons{{.z = 1, .p = 1, .weight = 2, .i = 0, .j = 1},
                                                  {.z = -1, .p = 1, .weight = 1, .i = 1, .j = 0},
                                                  {.z = 1, .p = 1, .i = 1, .j = 2},
                                                  {.z = 1, .p = 1, .i = 2, .j = 0}};
  EXPECT_EQ(count_triads(comparisons, {}).cyclic, 1);
  EXPECT_EQ(count_triads(comparisons, {}).right, 1);
}

TEST(Triads, AreCountedOnASampleOfHugeGroups) {
  const auto comparisons = random_comparisons(60, 1, 5);
  const TriadCount count = count_triads(comparisons, {.exact_responses = 30, .seed = 2});
  EXPECT_EQ(count.sampled_groups, 1);
  EXPECT_GT(count.cyclic, 0);
  EXPECT_LT(count.cyclic, count_triads(comparisons, {}).cyclic);
}

}  // namespace
}  // namespace rondo::metrics
