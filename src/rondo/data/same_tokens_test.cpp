// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/same_tokens.h"

#include <gtest/gtest.h>

#include <numeric>

namespace rondo::data {
namespace {

using Ids = std::vector<int32_t>;

TokenGroup group_of(const std::vector<Ids>& responses) {
  TokenGroup group;
  for (const Ids& ids : responses) group.responses.push_back({.ids = ids});
  group.places.resize(responses.size());
  std::iota(group.places.begin(), group.places.end(), int64_t{0});
  return group;
}

TEST(SameTokens, AreOneResponseAndDecideNothing) {
  TokenGroup group = group_of({{1, 2}, {1, 3}, {1, 2}, {1, 4}, {1, 3}});
  group.places[3] = -1;  // dropped; what is left of the group are the first three and the last
  group.responses.erase(group.responses.begin() + 3);
  group.places[4] = 3;
  merge_same_tokens(group);
  ASSERT_EQ(group.responses.size(), 2u);
  EXPECT_EQ(group.responses[1].ids, (Ids{1, 3}));
  EXPECT_EQ(group.places, (std::vector<int64_t>{0, 1, 0, -1, 1}));

  const std::vector<Comparison> labels{
      {.i = 4, .j = 0, .p = 0.7F}, {.i = 0, .j = 2}, {.i = 3, .j = 0}, {.i = 0, .j = 1, .weight = 2}, {.i = 1, .j = 4}};
  take_comparisons(labels, group);
  EXPECT_EQ(group.comparisons, (std::vector<Comparison>{{.i = 0, .j = 1, .weight = 2}, {.i = 1, .j = 0, .p = 0.7F}}));
  EXPECT_EQ(group.numbers, (Ids{3, 0}));
  EXPECT_EQ(group.undecided, (Ids{1, 4}));
}

TEST(SameTokens, TypesTellResponsesApart) {
  TokenGroup group = group_of({{1, 2}, {1, 2}});
  group.responses[1].type_ids = {0, 1};
  merge_same_tokens(group);
  EXPECT_EQ(group.responses.size(), 2u);
}

// Responses 0 and 2 of three read the same whichever stands first.
TEST(SameTokens, OfAPairwiseModelAreThoseThatReadTheSameInBothOrders) {
  TokenGroup group = group_of({{}, {}, {}});
  group.is_pairwise = true;
  for (int32_t i = 0; i < 3; ++i) {
    for (int32_t j = 0; j < 3; ++j) {
      if (i != j) group.pairs.push_back({.i = i, .j = j, .sequence = {.ids = {i % 2, j % 2}}});
    }
  }
  merge_same_tokens(group);
  EXPECT_EQ(group.places, (std::vector<int64_t>{0, 1, 0}));
  ASSERT_EQ(group.pairs.size(), 2u);
  EXPECT_EQ(group.pairs[0].sequence.ids, (Ids{0, 1}));
  EXPECT_EQ(group.pairs[1].sequence.ids, (Ids{1, 0}));
  take_comparisons({{.i = 0, .j = 2}, {.i = 2, .j = 1}}, group);
  EXPECT_EQ(group.undecided, Ids{0});
  EXPECT_EQ(group.comparisons, (std::vector<Comparison>{{.i = 0, .j = 1}}));
}

}  // namespace
}  // namespace rondo::data
