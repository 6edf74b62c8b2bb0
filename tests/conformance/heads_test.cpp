// SPDX-License-Identifier: Apache-2.0
// What every row of heads.def must prove.
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "rondo/core/score_kernel.h"
#include "rondo/heads/shared/head.h"
#include "tests/support/tensors.h"

namespace rondo::heads {
namespace {

using testing::distance;
using testing::numerical_gradient;
using testing::random_tensor;

constexpr int64_t kHidden = 7;
constexpr double kTight = 1e-12;
constexpr double kNumerical = 1e-7;  // central differences at step 1e-6

class EveryHead : public ::testing::TestWithParam<const HeadEntry*> {
 protected:
  // Every gate and norm of a head that has them; a scalar head once.
  static std::vector<HeadConfig> configs() {
    std::vector<HeadConfig> all;
    for (const std::string& gate : kGateNames) {
      for (const std::string& norm : kNormNames) {
        all.push_back(
            {.kind = std::string(GetParam()->name), .planes = 3, .gate = gate, .norm = norm, .reward_clip = 10});
      }
    }
    if (!GetParam()->embeds) all.resize(1);
    if (GetParam()->reads_logits) all.front().answers = {1, 4};
    all.front().outputs = 2;
    return all;
  }
  static nn::ParameterSet parameters(const HeadConfig& config) {
    nn::ParameterSet set;
    uint64_t seed = 1;
    for (const nn::ExpectedWeight& weight : head_weights(config, kHidden)) {
      set.add(weight.name, random_tensor(weight.shape, seed++).requires_grad_(true));
    }
    return set;
  }
  // What goes through a head for groups of these sizes: a state a response, or the readings of every ordered pair.
  static int64_t rows(const std::vector<int64_t>& sizes) {
    int64_t count = 0;
    for (const int64_t size : sizes) count += GetParam()->pairwise ? size * (size - 1) * readings() : size;
    return count;
  }
  // A state of the backbone, or the logits of two answers.
  static int64_t width() { return GetParam()->reads_logits ? 2 : kHidden; }
  static int64_t readings() { return GetParam()->readings; }
  static HeadOutput forward(const HeadConfig& config, const nn::ParameterSet& set, const Tensor& states,
                            const std::vector<int64_t>& sizes) {
    const Tensor prompt_GD = random_tensor({static_cast<int64_t>(sizes.size()), kHidden}, 99).to(states.scalar_type());
    HeadOutput output = GetParam()->forward(config, set, states, prompt_GD);
    if (GetParam()->pairwise) output.pair_index_Q = pair_index(sizes);
    return output;
  }
  static Tensor pair_index(const std::vector<int64_t>& sizes) {
    const TableLayout layout(sizes);
    std::vector<int64_t> index;
    for (size_t g = 0; g < sizes.size(); ++g) {
      for (int64_t i = 0; i < sizes[g]; ++i) {
        for (int64_t j = 0; j < sizes[g]; ++j) {
          if (i != j) index.push_back(layout.index(static_cast<int64_t>(g), i, j));
        }
      }
    }
    return at::tensor(index, at::TensorOptions().dtype(at::kLong));
  }
  // The table of group g among groups of these sizes.
  static PreferenceTable table_of(const HeadOutput& output, const std::vector<int64_t>& sizes, size_t g) {
    const std::vector<int64_t> before(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(g));
    int64_t responses = 0, pairs = 0;
    for (const int64_t size : before) {
      responses += size;
      pairs += size * (size - 1);
    }
    if (!GetParam()->pairwise) return output.group_table(static_cast<int64_t>(g), responses, sizes[g]);
    HeadOutput alone = output;
    alone.pair_logits_Q = output.pair_logits_Q.narrow(0, pairs, sizes[g] * (sizes[g] - 1));
    alone.pair_index_Q = pair_index({sizes[g]});
    return alone.group_table(0, 0, sizes[g]);
  }
};

TEST_P(EveryHead, ScoresNegateUnderSwapToTheLastBit) {
  for (const HeadConfig& config : configs()) {
    for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
      const Tensor states = random_tensor({rows({50}), width()}, 5).to(type);
      const PreferenceTable table = table_of(forward(config, parameters(config), states, {50}), {50}, 0);
      EXPECT_TRUE(at::equal(table.scores_MM(), -table.scores_MM().t())) << config.gate << " " << config.norm;
      EXPECT_TRUE(at::equal(table.scores_ordered_MM(), -table.scores_ordered_MM().t()));
      EXPECT_GT(table.scores_MM().abs().max().item<double>(), 0);
    }
  }
}

// The fields of an entry that runs and files are made of say what forward does.
TEST_P(EveryHead, ClipsItsRewardsWhereItsEntrySaysSo) {
  HeadConfig config = configs().front();
  config.reward_clip = 1e-3;
  EXPECT_EQ(config.is_scalar(), !GetParam()->embeds && !GetParam()->pairwise);
  EXPECT_EQ(config.clips_rewards(), GetParam()->clips_rewards);
  const HeadOutput output = forward(config, parameters(config), random_tensor({rows({6}), width()}, 5), {6});
  EXPECT_TRUE(output.rewards_R.defined() || !(GetParam()->scalar() || GetParam()->clips_rewards));
  if (!output.rewards_R.defined()) return;
  EXPECT_EQ(output.rewards_R.abs().max().item<double>() <= config.reward_clip, GetParam()->clips_rewards);
}

TEST_P(EveryHead, HasATitleAndAColourOfItsOwn) {
  EXPECT_FALSE(GetParam()->title.empty() || GetParam()->meaning.empty());
  EXPECT_TRUE(GetParam()->colour.starts_with('#') && GetParam()->colour.size() == 7) << GetParam()->colour;
  for (const HeadEntry* other : all_heads()) {
    if (other == GetParam()) continue;
    EXPECT_NE(other->title, GetParam()->title);
    EXPECT_NE(other->colour, GetParam()->colour);
  }
}

TEST(Heads, OneIsTheControlAndOnlyAHeadIsFound) {
  EXPECT_EQ(std::count_if(all_heads().begin(), all_heads().end(), [](const HeadEntry* h) { return h->is_control; }), 1);
  EXPECT_EQ(find_head("none"), nullptr);
  EXPECT_FALSE(HeadConfig{.kind = "none"}.is_scalar());
  EXPECT_FALSE(HeadConfig{.kind = "none"}.clips_rewards());
}

TEST_P(EveryHead, ClosedFormsEqualBruteForce) {
  for (const HeadConfig& config : configs()) {
    const HeadOutput output = forward(config, parameters(config), random_tensor({rows({6}), width()}, 5), {6});
    const PreferenceTable table = table_of(output, {6}, 0);
    const Tensor scores_MM = table.scores_MM();
    EXPECT_LT(distance(table.mean_scores_with_self_M(), scores_MM.mean(1)), kTight);
    EXPECT_LT(distance(table.mean_scores_M(), scores_MM.sum(1) / 5), kTight);
    // s(i,j) = f(i) - f(j) + c(i,j).
    const Tensor f_M = table.transitive_M();
    EXPECT_LT(distance(f_M.unsqueeze(1) - f_M.unsqueeze(0) + table.cyclic_MM(), scores_MM), kTight);
    EXPECT_LT(distance(table.scores_ordered_MM(), scores_MM), kTight);
  }
}

TEST_P(EveryHead, ASingleResponseHasMeanScoreZero) {
  for (const HeadConfig& config : configs()) {
    const HeadOutput output = forward(config, parameters(config), random_tensor({rows({1}), width()}, 5), {1});
    EXPECT_EQ(table_of(output, {1}, 0).mean_scores_M().item<double>(), 0);
  }
}

TEST_P(EveryHead, GradientsEqualFiniteDifferences) {
  for (const HeadConfig& config : configs()) {
    const nn::ParameterSet set = parameters(config);
    const Tensor states = random_tensor({rows({4}), width()}, 5).requires_grad_(true);
    const Tensor direction = random_tensor({4, 4}, 6);
    const auto value = [&](const Tensor& x) {
      return (table_of(forward(config, set, x, {4}), {4}, 0).scores_MM() * direction).sum();
    };
    value(states).backward();
    EXPECT_LT(
        distance(states.grad(), numerical_gradient([&] { return value(states.detach()).item<double>(); }, states)),
        kNumerical);
    for (const nn::Parameter& p : set.all()) {
      // A constant of a rating that is subtracted from another rating has no gradient, as log nu outside its loss.
      if (!p.value.grad().defined()) continue;
      const Tensor numerical = numerical_gradient([&] { return value(states.detach()).item<double>(); }, p.value);
      EXPECT_LT(distance(p.value.grad(), numerical), kNumerical) << p.name << " " << config.gate << " " << config.norm;
    }
  }
}

void expect_scores_of_group(const TableLayout& layout, int64_t group, const Tensor& all, const Tensor& scores_MM) {
  for (int64_t i = 0; i < scores_MM.size(0); ++i) {
    for (int64_t j = 0; j < scores_MM.size(1); ++j) {
      EXPECT_NEAR(all[layout.index(group, i, j)].item<double>(), scores_MM[i][j].item<double>(), kTight);
    }
  }
}

TEST_P(EveryHead, OneProductScoresGroupsOfAllSizes) {
  const std::vector<int64_t> sizes = {2, 4, 2, 1};
  const TableLayout layout(sizes);
  for (const HeadConfig& config : configs()) {
    const HeadOutput output = forward(config, parameters(config), random_tensor({rows(sizes), width()}, 5), sizes);
    const Tensor all = layout.all_scores(output);
    for (size_t g = 0; g < sizes.size(); ++g)
      expect_scores_of_group(layout, static_cast<int64_t>(g), all, table_of(output, sizes, g).scores_MM());
  }
}

TEST(OrderAverage, OfProbabilitiesIsTheLogOddsOfTheirMean) {
  const Tensor logits_MM = random_tensor({5, 5}, 3) * 4;
  constexpr double kTau = 0.7;
  const Tensor scores_MM = average_orders(logits_MM, OrderAverage::kProbabilities, kTau);
  for (int64_t i = 0; i < 5; ++i) {
    for (int64_t j = 0; j < 5; ++j) {
      const auto first = [&](int64_t a, int64_t b) {
        return 1 / (1 + std::exp(-logits_MM[a][b].item<double>() / kTau));
      };
      const double p = i == j ? 0.5 : (first(i, j) + 1 - first(j, i)) / 2;
      EXPECT_NEAR(1 / (1 + std::exp(-scores_MM[i][j].item<double>() / kTau)), p, kTight);
    }
  }
}

TEST(OrderAverage, OfProbabilitiesKeepsScoresWhereAProbabilityRoundsToOne) {
  Tensor logits_MM = at::zeros({2, 2}, at::TensorOptions().dtype(at::kFloat));
  logits_MM[0][1] = 60;
  logits_MM[1][0] = -60;
  EXPECT_FLOAT_EQ(average_orders(logits_MM, OrderAverage::kProbabilities, 1)[0][1].item<float>(), 60);
}

TEST(Gate, ChangesTheScoresOfAGatedHead) {
  HeadConfig config{.kind = "gpm", .planes = 3, .gate = "softmax", .norm = "unit"};
  nn::ParameterSet set;
  set.add("value_head.weight", random_tensor({6, kHidden}, 1));
  set.add("prompt_head.weight", random_tensor({3, kHidden}, 2));
  const Tensor pooled_RD = random_tensor({3, kHidden}, 5);
  const HeadEntry& gpm = head_by_name("gpm");
  const Tensor one =
      gpm.forward(config, set, pooled_RD, random_tensor({1, kHidden}, 6)).group_table(0, 0, 3).scores_MM();
  const Tensor other =
      gpm.forward(config, set, pooled_RD, random_tensor({1, kHidden}, 7)).group_table(0, 0, 3).scores_MM();
  EXPECT_GT(distance(one, other), 1e-3);
}

TEST(HeadNames, UnknownOnesAnswerWithTheNearest) {
  EXPECT_THROW(
      {
        try {
          head_by_name("gmp");
        } catch (const std::exception& error) {
          EXPECT_NE(std::string(error.what()).find("did you mean 'gpm'"), std::string::npos);
          throw;
        }
      },
      std::runtime_error);
}

INSTANTIATE_TEST_SUITE_P(Table, EveryHead, ::testing::ValuesIn(all_heads().begin(), all_heads().end()),
                         [](const auto& row) { return std::string(row.param->name); });

}  // namespace
}  // namespace rondo::heads
