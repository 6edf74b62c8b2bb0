// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/tokenise_pairs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "rondo/base/random.h"

namespace rondo::data {
namespace {

using Pairs = std::vector<text::ResponsePair>;

// As the contract says it: all pairs are counted anew after every response that went.
std::vector<int64_t> by_counting_anew(const Pairs& too_long, size_t responses) {
  std::vector<int64_t> kept(responses);
  for (size_t r = 0; r < responses; ++r) kept[r] = static_cast<int64_t>(r);
  while (true) {
    std::vector<int64_t> bad(responses, 0);
    const auto is_kept = [&](int32_t r) { return std::binary_search(kept.begin(), kept.end(), r); };
    for (const text::ResponsePair& pair : too_long) {
      if (!is_kept(pair.first) || !is_kept(pair.second)) continue;
      ++bad[static_cast<size_t>(pair.first)];
      ++bad[static_cast<size_t>(pair.second)];
    }
    const auto worst = std::max_element(bad.begin(), bad.end());
    if (worst == bad.end() || *worst == 0) break;
    std::erase(kept, worst - bad.begin());
  }
  if (kept.size() == 1 && responses > 1) kept.clear();
  return kept;
}

// Of the ordered pairs of so many responses, about `share`.
Pairs some_pairs(size_t responses, double share, Random& random) {
  Pairs pairs;
  for (size_t k = 0; k < responses * responses; ++k) {
    const auto i = static_cast<int32_t>(k / responses), j = static_cast<int32_t>(k % responses);
    if (i != j && random.uniform() < share) pairs.push_back({i, j});
  }
  return pairs;
}

TEST(FittingResponses, AreThoseOfTheSlowRule) {
  size_t left = 0, gone = 0;
  for (uint64_t trial = 0; trial < 2000; ++trial) {
    Random random = Random(3).split(trial);
    const size_t responses = 1 + random.below(9);
    const Pairs too_long = some_pairs(responses, random.uniform(), random);
    const std::vector<int64_t> kept = fitting_responses(too_long, responses);
    ASSERT_EQ(kept, by_counting_anew(too_long, responses)) << trial;
    left += kept.size();
    gone += responses - kept.size();
  }
  EXPECT_GT(left, 1000u);
  EXPECT_GT(gone, 1000u);
  EXPECT_TRUE(fitting_responses({}, 0).empty());
}

}  // namespace
}  // namespace rondo::data
