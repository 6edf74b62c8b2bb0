// SPDX-License-Identifier: Apache-2.0
#include "rondo/core/preference_table.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/tensors.h"

namespace rondo {
namespace {

using testing::distance;
using testing::random_tensor;

constexpr int64_t kPlanes = 67;

PreferenceTable table_of(const std::string& kind, int64_t count) {
  PreferenceTable table;
  if (kind == "pairwise") {
    const Tensor logits_MM = random_tensor({count, count}, 4).to(at::kFloat);
    table.pairwise_MM = (logits_MM - logits_MM.t()) / 2;
    return table;
  }
  if (kind != "gpm") table.rewards_M = random_tensor({count}, 1).to(at::kFloat);
  if (kind == "bt") return table;
  // Long enough for sums whose order depends on the place in a block.
  table.embeddings_ME = random_tensor({count, 2 * kPlanes}, 2).to(at::kFloat);
  table.gate_P = random_tensor({kPlanes}, 3).to(at::kFloat);
  return table;
}

class EveryKind : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kinds, EveryKind, ::testing::Values("bt", "gpm", "hrc", "pairwise"));

// Sizes around the blocks of matrix products, where equal rows would round differently by their place.
TEST_P(EveryKind, ResponsesThatAreTheSameTieToTheLastBit) {
  for (const int64_t count : {2, 3, 5, 17, 33}) {
    const PreferenceTable table = table_of(GetParam(), count);
    std::vector<int64_t> places;
    for (int64_t r = 0; r < 2 * count; ++r) places.push_back((r * 7) % count);
    const PreferenceTable chosen = table.of_responses(places);
    const Tensor scores_MM = chosen.scores_MM(), ordered_MM = chosen.scores_ordered_MM(), all_MM = table.scores_MM();
    const Tensor means_M = chosen.mean_scores_M(), transitive_M = chosen.transitive_M();
    ASSERT_EQ(chosen.response_count(), 2 * count);
    for (size_t i = 0; i < places.size(); ++i) {
      for (size_t j = 0; j < places.size(); ++j) {
        const auto a = static_cast<int64_t>(i), b = static_cast<int64_t>(j);
        const float score = scores_MM[a][b].item<float>();
        EXPECT_NEAR(score, all_MM[places[i]][places[j]].item<float>(), 1e-4);
        if (places[i] != places[j]) continue;
        EXPECT_EQ(score, 0);
        EXPECT_EQ(ordered_MM[a][b].item<float>(), 0);
        EXPECT_TRUE(at::equal(scores_MM[a], scores_MM[b]));
        EXPECT_EQ(means_M[a].item<float>(), means_M[b].item<float>());
        EXPECT_EQ(transitive_M[a].item<float>(), transitive_M[b].item<float>());
      }
    }
    EXPECT_TRUE(at::equal(scores_MM, -scores_MM.t()));
    EXPECT_LT(distance(means_M, scores_MM.sum(1) / static_cast<double>(places.size() - 1)), 1e-4);
  }
}

TEST_P(EveryKind, ChoosesResponsesInAnyOrder) {
  const PreferenceTable table = table_of(GetParam(), 4);
  const std::vector<int64_t> places{3, 1};
  const Tensor chosen_MM = table.of_responses(places).scores_MM();
  EXPECT_NEAR(chosen_MM[0][1].item<float>(), table.scores_MM()[3][1].item<float>(), 1e-4);
  EXPECT_FALSE(table.of_responses(places).same_M.defined());
}

TEST_P(EveryKind, NamesTheResponseThatIsDamaged) {
  PreferenceTable table = table_of(GetParam(), 3);
  EXPECT_EQ(first_damage(table), "");
  for (Tensor* part : {&table.rewards_M, &table.embeddings_ME, &table.pairwise_MM}) {
    if (part->defined()) part->select(0, 1).fill_(std::nan(""));
  }
  EXPECT_EQ(first_damage(table).substr(0, 18), "response 2 of 3: i");
}

TEST(PreferenceTable, NamesAGateAndAProductThatAreDamaged) {
  PreferenceTable table = table_of("gpm", 3);
  table.gate_P.fill_(std::numeric_limits<float>::infinity());
  EXPECT_EQ(first_damage(table), "the prompt: its gate");
  table = table_of("gpm", 3);
  table.embeddings_ME.mul_(1e30);
  EXPECT_EQ(first_damage(table), "response 1 of 3: its score");
  EXPECT_EQ(first_damage({.rewards_M = at::Tensor()}), "");
}

}  // namespace
}  // namespace rondo
