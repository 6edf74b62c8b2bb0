// SPDX-License-Identifier: Apache-2.0
// What every row of heads.def must prove.
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

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
    if (GetParam()->scalar) all.resize(1);
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
  static HeadOutput forward(const HeadConfig& config, const nn::ParameterSet& set, const Tensor& pooled_RD) {
    return GetParam()->forward(config, set, pooled_RD, random_tensor({1, kHidden}, 99));
  }
};

TEST_P(EveryHead, ScoresNegateUnderSwapToTheLastBit) {
  for (const HeadConfig& config : configs()) {
    for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
      const Tensor pooled_RD = random_tensor({50, kHidden}, 5).to(type);
      const Tensor prompt_GD = random_tensor({1, kHidden}, 99).to(type);
      const PreferenceTable table =
          GetParam()->forward(config, parameters(config), pooled_RD, prompt_GD).group_table(0, 0, 50);
      EXPECT_TRUE(at::equal(table.scores_MM(), -table.scores_MM().t())) << config.gate << " " << config.norm;
      EXPECT_TRUE(at::equal(table.scores_ordered_MM(), -table.scores_ordered_MM().t()));
    }
  }
}

TEST_P(EveryHead, ClosedFormsEqualBruteForce) {
  for (const HeadConfig& config : configs()) {
    const PreferenceTable table =
        forward(config, parameters(config), random_tensor({6, kHidden}, 5)).group_table(0, 0, 6);
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
    const PreferenceTable table =
        forward(config, parameters(config), random_tensor({1, kHidden}, 5)).group_table(0, 0, 1);
    EXPECT_EQ(table.mean_scores_M().item<double>(), 0);
  }
}

TEST_P(EveryHead, GradientsEqualFiniteDifferences) {
  for (const HeadConfig& config : configs()) {
    const nn::ParameterSet set = parameters(config);
    const Tensor pooled_RD = random_tensor({4, kHidden}, 5).requires_grad_(true);
    const Tensor direction = random_tensor({4, 4}, 6);
    const auto value = [&](const Tensor& x) {
      return (forward(config, set, x).group_table(0, 0, 4).scores_MM() * direction).sum();
    };
    value(pooled_RD).backward();
    EXPECT_LT(distance(pooled_RD.grad(),
                       numerical_gradient([&] { return value(pooled_RD.detach()).item<double>(); }, pooled_RD)),
              kNumerical);
    for (const nn::Parameter& p : set.all()) {
      if (p.name == kLogNu) continue;
      const Tensor numerical = numerical_gradient([&] { return value(pooled_RD.detach()).item<double>(); }, p.value);
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
    const nn::ParameterSet set = parameters(config);
    const HeadOutput output =
        GetParam()->forward(config, set, random_tensor({9, kHidden}, 5), random_tensor({4, kHidden}, 7));
    const Tensor all = layout.all_scores(output);
    int64_t row = 0;
    for (size_t g = 0; g < sizes.size(); ++g) {
      const Tensor scores_MM = output.group_table(static_cast<int64_t>(g), row, sizes[g]).scores_MM();
      expect_scores_of_group(layout, static_cast<int64_t>(g), all, scores_MM);
      row += sizes[g];
    }
  }
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
