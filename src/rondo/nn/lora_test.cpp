// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/lora.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "rondo/nn/linear.h"
#include "rondo/nn/parameters.h"
#include "rondo/nn/recompute.h"
#include "tests/support/tensors.h"

namespace rondo::nn {
namespace {

using testing::distance;
using testing::numerical_gradient;
using testing::random_tensor;

constexpr double kTight = 1e-12;
constexpr double kNumerical = 1e-7;  // central differences at step 1e-6
constexpr int64_t kIn = 5, kOut = 4, kRank = 2;

// X.weight [4, 5] with an adapter of rank 2.
struct Adapted {
  explicit Adapted(LoraConfig config, bool in_out = false) {
    config.rank = kRank;
    const Tensor w = random_tensor({kOut, kIn}, 1);
    set.add("X.weight", in_out ? w.t().contiguous() : w);
    set.add("X" + std::string(kLoraA), random_tensor({kRank, kIn}, 2).requires_grad_(true));
    set.add("X" + std::string(kLoraB), random_tensor({kOut, kRank}, 3).requires_grad_(true));
    set.set_lora(std::make_shared<LoraState>(LoraState{.config = config}));
    linear = {.weight = set.get("X.weight"), .weight_is_in_out = in_out, .adapter = find_adapter(set, "X")};
  }
  const Tensor& a() const { return set.get("X" + std::string(kLoraA)); }
  const Tensor& b() const { return set.get("X" + std::string(kLoraB)); }

  ParameterSet set;
  Linear linear;
};

TEST(Lora, AddsTheScaledProductToTheMatrix) {
  const Tensor x = random_tensor({3, kIn}, 4);
  const struct {
    bool rank_stabilised;
    double scale;
  } cases[] = {{false, 3.0 / 2}, {true, 3.0 / std::sqrt(2.0)}};
  for (const auto& c : cases) {
    const Adapted m({.alpha = 3, .rank_stabilised = c.rank_stabilised});
    const Tensor whole = m.linear.weight + c.scale * m.b().matmul(m.a());
    EXPECT_LT(distance(m.linear.forward(x), x.matmul(whole.t())), kTight);
    EXPECT_LT(distance(m.linear.weight + lora_product(m.a(), m.b(), m.set.lora()->config), whole), kTight);
  }
}

TEST(Lora, FollowsTheModuleWhereItsMatrixLiesTransposed) {
  const Tensor x = random_tensor({3, kIn}, 4);
  EXPECT_LT(distance(Adapted({.alpha = 3}, true).linear.forward(x), Adapted({.alpha = 3}).linear.forward(x)), kTight);
}

TEST(Lora, HasItsNumericalGradientAndNoneForTheMatrix) {
  const Adapted m({.alpha = 3});
  const Tensor x = random_tensor({3, kIn}, 4).requires_grad_(true), direction = random_tensor({3, kOut}, 5);
  (m.linear.forward(x) * direction).sum().backward();
  const auto value = [&] { return (m.linear.forward(x) * direction).sum().item<double>(); };
  for (const Tensor& t : {x, m.a(), m.b()}) EXPECT_LT(distance(t.grad(), numerical_gradient(value, t)), kNumerical);
  EXPECT_FALSE(m.linear.weight.grad().defined());
}

TEST(Lora, IsTheBaseWithBZero) {
  const Adapted m({.alpha = 3});
  const Tensor x = random_tensor({3, kIn}, 4), base = x.matmul(m.linear.weight.t());
  EXPECT_GT(distance(m.linear.forward(x), base), 0.1);
  m.b().detach().zero_();
  EXPECT_LT(distance(m.linear.forward(x), base), kTight);
}

TEST(Lora, DropsOnlyWhileAskedTo) {
  const Adapted m({.alpha = 3, .dropout = 0.5});
  const Tensor x = random_tensor({50, kIn}, 4), kept = m.linear.forward(x);
  Tensor first, again, other;
  {
    const LoraDropout dropout(m.set, 1);
    first = m.linear.forward(x);
    again = m.linear.forward(x);
  }
  {
    const LoraDropout dropout(m.set, 2);
    other = m.linear.forward(x);
  }
  EXPECT_EQ(distance(m.linear.forward(x), kept), 0);
  EXPECT_EQ(distance(first, again), 0);
  EXPECT_GT(distance(first, kept), 0.1);
  EXPECT_GT(distance(first, other), 0.1);
}

TEST(Lora, DropsWithTheRightMean) {
  const Adapted m({.alpha = 3, .dropout = 0.25});
  const Tensor x = random_tensor({1, kIn}, 4), kept = m.linear.forward(x);
  Tensor sum = at::zeros_like(kept);
  constexpr int kDraws = 5000;
  for (int draw = 0; draw < kDraws; ++draw) {
    const LoraDropout dropout(m.set, static_cast<uint64_t>(draw));
    sum += m.linear.forward(x).detach();
  }
  // Standard errors are below 0.06.
  EXPECT_LT(distance(sum / kDraws, kept), 0.25);
}

TEST(Lora, ABlockThatRunsTwiceDropsTheSame) {
  const Adapted m({.alpha = 3, .dropout = 0.5});
  const Tensor x = random_tensor({20, kIn}, 4);
  const auto gradient = [&](bool twice) {
    m.a().mutable_grad() = Tensor();
    const LoraDropout dropout(m.set, 1);
    const auto block = [&](const Tensor& in) { return m.linear.forward(in).tanh(); };
    (twice ? recompute(block, x, m.linear.trained()) : block(x)).sum().backward();
    return m.a().grad().clone();
  };
  EXPECT_LT(distance(gradient(true), gradient(false)), kTight);
}

TEST(Lora, BeginsUniformByItsName) {
  const Tensor a = initial_lora_a("model.layers.0.q", 8, 100, 1);
  EXPECT_LE(a.abs().max().item<double>(), 0.1);
  EXPECT_GT(a.abs().max().item<double>(), 0.099);
  EXPECT_NEAR(a.mean().item<double>(), 0, 0.01);
  EXPECT_EQ(distance(a, initial_lora_a("model.layers.0.q", 8, 100, 1)), 0);
  EXPECT_GT(distance(a, initial_lora_a("model.layers.1.q", 8, 100, 1)), 0);
}

}  // namespace
}  // namespace rondo::nn
