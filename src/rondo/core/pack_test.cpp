// SPDX-License-Identifier: Apache-2.0
#include "rondo/core/pack.h"

#include <gtest/gtest.h>

#include "rondo/base/error.h"

namespace rondo {
namespace {

TokenResponse response(std::vector<int32_t> ids, int64_t response_begin = 2) {
  TokenResponse r{.ids = std::move(ids), .response_begin = response_begin};
  r.pool_end = static_cast<int64_t>(r.ids.size());
  r.pool_begin = r.pool_end - 1;
  return r;
}

std::vector<int64_t> numbers(const Tensor& x) {
  return {x.const_data_ptr<int64_t>(), x.const_data_ptr<int64_t>() + x.numel()};
}

// Prompt 1 2, responses of two, one and two tokens.
TokenGroup group() {
  TokenGroup g{.responses = {response({1, 2, 10, 11}), response({1, 2, 20}), response({1, 2, 30, 31})},
               .gate_ids = {1, 2}};
  g.comparisons = {{.i = 0, .j = 1, .p = 1}, {.i = 0, .j = 2, .p = 0.5F, .weight = 3}, {.i = 2, .j = 1, .p = 0}};
  return g;
}

TEST(Pack, PutsThePrefixOnceAndEqualLengthsTogether) {
  const TokenGroup g = group();
  const GroupSelection s = select_all(g);
  const PackedBatch batch = pack({&s, 1}, {.needs_gate = true});
  EXPECT_EQ(numbers(batch.ids_N), (std::vector<int64_t>{1, 2, 20, 10, 11, 30, 31}));
  EXPECT_EQ(numbers(batch.positions_N), (std::vector<int64_t>{0, 1, 2, 2, 3, 2, 3}));
  ASSERT_EQ(batch.layout.trees.size(), 1u);
  EXPECT_EQ(batch.layout.trees[0].prefix_length, 2);
  ASSERT_EQ(batch.layout.trees[0].runs.size(), 2u);
  EXPECT_EQ(batch.layout.trees[0].runs[1].count, 2);
  EXPECT_EQ(numbers(batch.pool_rows_T), (std::vector<int64_t>{4, 2, 6}));
  EXPECT_EQ(numbers(batch.gate_rows_G), (std::vector<int64_t>{1}));
  EXPECT_EQ(token_cost(s, {}), 7);
}

TEST(Pack, AResponseThatIsAPrefixOfAnotherIsReadInThePrefix) {
  const TokenGroup g{.responses = {response({1, 2}), response({1, 2, 3})}};
  const GroupSelection s = select_all(g);
  const PackedBatch batch = pack({&s, 1}, {});
  EXPECT_EQ(batch.layout.token_count, 3);
  EXPECT_EQ(numbers(batch.pool_rows_T), (std::vector<int64_t>{1, 2}));
}

TEST(Pack, LanguageModelTargetsAreTheTokensOfWinners) {
  const TokenGroup g = group();
  const GroupSelection s = select_all(g);
  const PackedBatch batch = pack({&s, 1}, {.lm_targets = LmTargets::kWinners});
  // Responses 0 and 1 won (the third comparison prefers j), response 2 did not.
  EXPECT_EQ(numbers(batch.lm_targets_T), (std::vector<int64_t>{10, 11, 20}));
  EXPECT_EQ(numbers(batch.lm_rows_T), (std::vector<int64_t>{1, 3, 1}));
}

TEST(Pack, EncodersShareNothingAndReadTheGatesPromptAlone) {
  TokenGroup g = group();
  for (TokenResponse& r : g.responses) r.type_ids = {0, 0, 1};
  for (const size_t long_one : {0, 2}) g.responses[long_one].type_ids.push_back(1);
  const GroupSelection s = select_all(g);
  const PackOptions options{.needs_gate = true, .bidirectional = true};
  const PackedBatch batch = pack({&s, 1}, options);
  EXPECT_EQ(numbers(batch.ids_N), (std::vector<int64_t>{1, 2, 20, 1, 2, 10, 11, 1, 2, 30, 31, 1, 2}));
  EXPECT_EQ(numbers(batch.type_ids_N), (std::vector<int64_t>{0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(numbers(batch.positions_N), (std::vector<int64_t>{0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1}));
  EXPECT_EQ(numbers(batch.pool_rows_T), (std::vector<int64_t>{6, 2, 10}));
  EXPECT_EQ(numbers(batch.gate_rows_G), (std::vector<int64_t>{12}));
  ASSERT_EQ(batch.layout.trees.size(), 1u);
  EXPECT_EQ(batch.layout.trees[0].prefix_length, 0);
  EXPECT_EQ(token_cost(s, options), 13);
  EXPECT_EQ(token_cost(s, {.bidirectional = true}), 11);
  EXPECT_FALSE(pack({&s, 1}, {}).gate_rows_G.defined());
}

// Where a response merges with the end of the prompt, the prompt alone is a leaf beside the responses; its state, and
// so the gate, is the same whatever they are.
TEST(Pack, TheGatesPromptIsALeafWhereItPartsFromTheResponses) {
  TokenGroup g;
  for (const int32_t last : {10, 20, 30}) g.responses.push_back(response({1, 2, 3, last}));
  g.gate_ids = {1, 2, 9};
  const GroupSelection s = select_all(g);
  const PackOptions options{.needs_gate = true};
  const PackedBatch batch = pack({&s, 1}, options);
  EXPECT_EQ(numbers(batch.ids_N), (std::vector<int64_t>{1, 2, 3, 10, 3, 20, 3, 30, 9}));
  EXPECT_EQ(numbers(batch.positions_N), (std::vector<int64_t>{0, 1, 2, 3, 2, 3, 2, 3, 2}));
  EXPECT_EQ(numbers(batch.gate_rows_G), (std::vector<int64_t>{8}));
  ASSERT_EQ(batch.layout.trees.size(), 1u);
  EXPECT_EQ(batch.layout.trees[0].prefix_length, 2);
  EXPECT_EQ(token_cost(s, options), batch.layout.token_count);
  EXPECT_EQ(token_cost(s, {}), 6);
}

// Cutting a long shared beginning would cost more than the prompt once more.
TEST(Pack, TheGatesPromptIsATreeOfItsOwnWhereThatIsCheaper) {
  TokenGroup g;
  for (const int32_t last : {10, 11, 12}) g.responses.push_back(response({1, 2, 3, 4, 5, last}));
  g.gate_ids = {1, 9};
  const GroupSelection s = select_all(g);
  const PackOptions options{.needs_gate = true};
  const PackedBatch batch = pack({&s, 1}, options);
  EXPECT_EQ(numbers(batch.ids_N), (std::vector<int64_t>{1, 2, 3, 4, 5, 10, 11, 12, 1, 9}));
  EXPECT_EQ(numbers(batch.positions_N), (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 5, 5, 0, 1}));
  ASSERT_EQ(batch.layout.trees.size(), 2u);
  EXPECT_EQ(numbers(batch.gate_rows_G), (std::vector<int64_t>{9}));
  EXPECT_EQ(numbers(batch.pool_rows_T), (std::vector<int64_t>{5, 6, 7}));
  EXPECT_EQ(token_cost(s, options), 10);
}

TEST(Pack, RefusesAGateWithoutAPrompt) {
  TokenGroup g = group();
  g.gate_ids.clear();
  const GroupSelection s = select_all(g);
  EXPECT_THROW(pack({&s, 1}, {.needs_gate = true}), DataError);
}

TEST(Select, KeepsTheComparisonsAmongTheChosen) {
  const TokenGroup g = group();
  const GroupSelection s = select(g, {0, 2});
  ASSERT_EQ(s.comparisons.size(), 1u);
  EXPECT_EQ(s.comparisons[0].i, 0);
  EXPECT_EQ(s.comparisons[0].j, 1);
  EXPECT_EQ(s.comparisons[0].weight, 3);
}

TEST(PackComparisons, NamesTableEntriesAndScalesEqualGroups) {
  const TokenGroup g = group();
  const std::vector<GroupSelection> two = {select_all(g), select(g, {0, 2})};
  const ComparisonBatch plain = pack_comparisons(two, false);
  ASSERT_EQ(plain.count(), 4);
  const TableLayout layout({3, 2});
  EXPECT_EQ(plain.table_index_C[2].item<int64_t>(), layout.index(0, 2, 1));
  EXPECT_EQ(plain.table_index_C[3].item<int64_t>(), layout.index(1, 0, 1));
  EXPECT_EQ(plain.left_C[3].item<int64_t>(), 3);
  const ComparisonBatch equal = pack_comparisons(two, true);
  EXPECT_FLOAT_EQ(equal.weight_C[1].item<float>(), 3.0F / 5);
  EXPECT_FLOAT_EQ(equal.weight_C[3].item<float>(), 1);
}

}  // namespace
}  // namespace rondo
