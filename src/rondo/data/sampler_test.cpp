// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "rondo/base/error.h"

namespace rondo::data {
namespace {

using Pairs = std::vector<std::pair<int32_t, int32_t>>;

TokenGroup group_of(size_t size, const Pairs& pairs = {}) {
  TokenGroup group;
  group.responses.resize(size);
  for (const auto& [i, j] : pairs) group.comparisons.push_back({.i = i, .j = j});
  return group;
}

MemorySource source_of(const std::vector<size_t>& sizes, const Pairs& pairs = {}) {
  std::vector<TokenGroup> groups;
  for (const size_t size : sizes) groups.push_back(group_of(size, pairs));
  return MemorySource(std::move(groups));
}

// How often each pair stands in one part over `epochs` epochs.
std::vector<int64_t> times_kept(const Pairs& pairs, size_t size, int64_t group_size, int64_t epochs) {
  MemorySource source = source_of({size}, pairs);
  GroupSampler sampler(source, {.batch_groups = 1, .group_size = group_size, .seed = 5});
  std::vector<int64_t> times(pairs.size(), 0);
  for (int64_t step = 0; step < epochs * sampler.steps_per_epoch(); ++step) {
    const std::vector<int64_t> part = sampler.batch(step).front().responses;
    for (size_t k = 0; k < pairs.size(); ++k) {
      times[k] += std::ranges::binary_search(part, pairs[k].first) && std::ranges::binary_search(part, pairs[k].second);
    }
  }
  return times;
}

TEST(Sampler, AnEpochSeesEveryResponseOnce) {
  MemorySource source = source_of({10, 3, 1});
  GroupSampler sampler(source, {.batch_groups = 1, .group_size = 4, .seed = 5});
  ASSERT_EQ(sampler.parts_per_epoch(), 3 + 1 + 1);
  std::map<int64_t, std::multiset<int64_t>> seen;
  for (int64_t step = 0; step < sampler.steps_per_epoch(); ++step) {
    for (const SampledPart& part : sampler.batch(step)) {
      EXPECT_LE(part.responses.size(), 4u);
      seen[part.group].insert(part.responses.begin(), part.responses.end());
    }
  }
  EXPECT_EQ(seen[0].size(), 10u);
  EXPECT_EQ(std::set<int64_t>(seen[0].begin(), seen[0].end()).size(), 10u);
  EXPECT_EQ(seen[1].size(), 3u);
  EXPECT_EQ(seen[2].size(), 1u);
}

TEST(Sampler, IsAFunctionOfSeedAndStep) {
  const SamplerOptions options{.batch_groups = 2, .group_size = 4, .seed = 5};
  MemorySource source = source_of({10, 9, 8}, {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 7}});
  GroupSampler straight(source, options), jumped(source, options);
  for (int64_t step = 0; step < 20; ++step) straight.batch(step);
  const auto expected = straight.batch(20), actual = jumped.batch(20);
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t k = 0; k < expected.size(); ++k) {
    EXPECT_EQ(expected[k].group, actual[k].group);
    EXPECT_EQ(expected[k].responses, actual[k].responses);
  }
}

TEST(Sampler, EpochsDiffer) {
  MemorySource source = source_of({100});
  GroupSampler sampler(source, {.batch_groups = 1, .group_size = 10, .seed = 5});
  EXPECT_NE(sampler.batch(0)[0].responses, sampler.batch(sampler.steps_per_epoch())[0].responses);
}

// Uniform partitions would keep one comparison in 250.
TEST(Sampler, ALargeGroupOfSeparateDuelsKeepsThem) {
  Pairs duels;
  for (int32_t i = 0; i < 1000; i += 2) duels.emplace_back(i, i + 1);
  const std::vector<int64_t> times = times_kept(duels, 1000, 4, 2);
  EXPECT_EQ(std::ranges::count(times, 2), 500);
}

// A ring of 1000 in parts of 50 is cut in at least 20 places; uniform partitions would keep 50 comparisons.
TEST(Sampler, APartGrowsAlongComparisonsAndEveryComparisonGetsItsTurn) {
  Pairs ring;
  for (int32_t i = 0; i < 1000; ++i) ring.emplace_back(i, (i + 1) % 1000);
  MemorySource source = source_of({1000}, ring);
  GroupSampler sampler(source, {.batch_groups = 1, .group_size = 50, .seed = 5});
  const auto [kept, all] = sampler.kept_comparisons();
  EXPECT_EQ(all, 1000);
  EXPECT_GT(kept, 850);
  EXPECT_LE(kept, 980);
  const std::vector<int64_t> first = times_kept(ring, 1000, 50, 1);
  EXPECT_EQ(std::ranges::count(first, 1), kept);
  const std::vector<int64_t> times = times_kept(ring, 1000, 50, 12);
  EXPECT_GT(std::ranges::min(times), 3);
}

TEST(Sampler, ADenseGroupIsPartitionedUniformly) {
  Pairs pairs;
  for (int32_t i = 0; i < 60; ++i) {
    for (int32_t j = i + 1; j < 60; ++j) pairs.emplace_back(i, j);
  }
  constexpr int64_t kEpochs = 400;
  const std::vector<int64_t> times = times_kept(pairs, 60, 6, kEpochs);
  // A pair shares a part in 5 of 59 epochs; the extremes of 1,770 binomial counts lie within 5 standard deviations.
  const double share = 5.0 / 59.0, spread = std::sqrt(kEpochs * share * (1 - share));
  EXPECT_GT(static_cast<double>(std::ranges::min(times)), kEpochs * share - 5 * spread);
  EXPECT_LT(static_cast<double>(std::ranges::max(times)), kEpochs * share + 5 * spread);
}

TEST(Sampler, RefusesEmptyData) {
  MemorySource source = source_of({});
  EXPECT_THROW(GroupSampler(source, {}), DataError);
}

}  // namespace
}  // namespace rondo::data
