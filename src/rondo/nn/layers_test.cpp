// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/layers.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "rondo/base/error.h"
#include "rondo/nn/recompute.h"
#include "rondo/nn/rope.h"
#include "rondo/nn/weight_rules.h"
#include "tests/support/tensors.h"

namespace rondo::nn {
namespace {

using testing::distance;
using testing::numerical_gradient;
using testing::random_tensor;

constexpr double kTight = 1e-12;
constexpr double kNumerical = 1e-7;  // central differences at step 1e-6

TEST(RmsNorm, EqualsItsFormulaAndItsNumericalGradient) {
  const Tensor x = random_tensor({3, 5}, 1).requires_grad_(true), w = random_tensor({5}, 2).requires_grad_(true);
  const Tensor direction = random_tensor({3, 5}, 3);
  const Tensor expected = x / (x.square().mean(-1, true) + 1e-5).sqrt() * w;
  EXPECT_LT(distance(rms_norm(x, w, 1e-5), expected), kTight);
  (rms_norm(x, w, 1e-5) * direction).sum().backward();
  const auto value = [&] { return (rms_norm(x.detach(), w.detach(), 1e-5) * direction).sum().item<double>(); };
  EXPECT_LT(distance(x.grad(), numerical_gradient(value, x)), kNumerical);
  EXPECT_LT(distance(w.grad(), numerical_gradient(value, w)), kNumerical);
}

TEST(Rope, RotationKeepsLengthsAndDependsOnDistanceAlone) {
  const Tensor frequencies = rope_inverse_frequencies({.theta = 100, .head_size = 6});
  const Tensor q = random_tensor({1, 1, 6}, 1), k = random_tensor({1, 1, 6}, 2);
  const auto dot_at = [&](int64_t at_q, int64_t at_k) {
    const Tensor rq = rotate(q, rope_tables(frequencies, at::tensor({at_q}), at::kDouble));
    const Tensor rk = rotate(k, rope_tables(frequencies, at::tensor({at_k}), at::kDouble));
    EXPECT_NEAR(rq.square().sum().item<double>(), q.square().sum().item<double>(), 1e-6);
    return (rq * rk).sum().item<double>();
  };
  EXPECT_NEAR(dot_at(5, 3), dot_at(12, 10), 1e-5);
  EXPECT_GT(std::abs(dot_at(5, 3) - dot_at(5, 4)), 1e-3);
}

TEST(Rope, GradientIsTheInverseRotation) {
  const RopeTables tables =
      rope_tables(rope_inverse_frequencies({.theta = 100, .head_size = 6}), at::tensor({2, 7}), at::kDouble);
  const Tensor x = random_tensor({2, 3, 6}, 1).requires_grad_(true), direction = random_tensor({2, 3, 6}, 2);
  (rotate(x, tables) * direction).sum().backward();
  const auto value = [&] { return (rotate(x.detach(), tables) * direction).sum().item<double>(); };
  EXPECT_LT(distance(x.grad(), numerical_gradient(value, x)), kNumerical);
}

TEST(Recompute, GivesTheSameValuesAndGradients) {
  const Tensor w = random_tensor({4, 4}, 1).requires_grad_(true), x = random_tensor({2, 4}, 2).requires_grad_(true);
  const auto block = [&](const Tensor& in) { return at::matmul(in, w).sin(); };
  block(x).sum().backward();
  const Tensor dw = w.grad().clone(), dx = x.grad().clone();
  w.mutable_grad() = Tensor();
  x.mutable_grad() = Tensor();
  const Tensor y = recompute(block, x, w);
  EXPECT_EQ(distance(y, block(x)), 0);
  y.sum().backward();
  EXPECT_EQ(distance(w.grad(), dw), 0);
  EXPECT_EQ(distance(x.grad(), dx), 0);
}

TEST(Embed, RefusesIdsOutsideTheTable) {
  EXPECT_THROW(embed(random_tensor({3, 2}, 1), at::tensor({0, 3})), ModelError);
  EXPECT_THROW(embed(random_tensor({3, 2}, 1), at::tensor({-1, 0})), ModelError);
}

TEST(WeightRules, ResolveLettersAndLayers) {
  const Sizes sizes{.vocab = 10, .hidden = 8, .layers = 2, .heads = 4, .kv_heads = 2, .head_size = 3, .inner = 16};
  EXPECT_EQ(resolve_shape("(HK)D", sizes), (std::vector<int64_t>{12, 8}));
  EXPECT_EQ(resolve_shape("(JK)", sizes), (std::vector<int64_t>{6}));
  constexpr WeightRule kRules[] = {{"embed", "VD"}, {"layer.{}.w", "DF"}};
  const auto expected = expand_rules(kRules, sizes);
  ASSERT_EQ(expected.size(), 3u);
  EXPECT_EQ(expected[2].name, "layer.1.w");
  EXPECT_THROW(resolve_shape("X", sizes), InternalError);
}

}  // namespace
}  // namespace rondo::nn
