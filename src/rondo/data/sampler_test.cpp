// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/sampler.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "rondo/base/error.h"

namespace rondo::data {
namespace {

TEST(Sampler, AnEpochSeesEveryResponseOnce) {
  GroupSampler sampler({10, 3, 1}, {.batch_groups = 1, .group_size = 4, .seed = 5});
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
  GroupSampler straight({10, 9, 8}, options), jumped({10, 9, 8}, options);
  for (int64_t step = 0; step < 20; ++step) straight.batch(step);
  const auto expected = straight.batch(20), actual = jumped.batch(20);
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t k = 0; k < expected.size(); ++k) {
    EXPECT_EQ(expected[k].group, actual[k].group);
    EXPECT_EQ(expected[k].responses, actual[k].responses);
  }
}

TEST(Sampler, EpochsDiffer) {
  GroupSampler sampler({100}, {.batch_groups = 1, .group_size = 10, .seed = 5});
  EXPECT_NE(sampler.batch(0)[0].responses, sampler.batch(sampler.steps_per_epoch())[0].responses);
}

TEST(Sampler, RefusesEmptyData) { EXPECT_THROW(GroupSampler({}, {}), DataError); }

}  // namespace
}  // namespace rondo::data
