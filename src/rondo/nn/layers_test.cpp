// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "rondo/base/error.h"
#include "rondo/nn/embedding.h"
#include "rondo/nn/feed_forward.h"
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

TEST(Norm, EqualsItsFormulaAndItsNumericalGradient) {
  const Tensor x = random_tensor({3, 5}, 1).requires_grad_(true), w = random_tensor({5}, 2).requires_grad_(true);
  const Tensor direction = random_tensor({3, 5}, 3), bias = random_tensor({5}, 4);
  const Tensor rms = x / (x.square().mean(-1, true) + 1e-5).sqrt();
  const Tensor centred = x - x.mean(-1, true);
  const Tensor layer = centred / (centred.square().mean(-1, true) + 1e-5).sqrt() * w;
  const struct {
    NormKind kind;
    Tensor bias, expected;
  } cases[] = {{NormKind::kRms, {}, rms * w},
               {NormKind::kRmsWide, {}, rms * w},
               {NormKind::kRmsCentered, {}, rms * (1 + w)},
               {NormKind::kLayer, {}, layer},
               {NormKind::kLayer, bias, layer + bias}};
  for (const auto& c : cases) {
    const auto norm = [&](const Tensor& in, const Tensor& weight) {
      return Norm{.kind = c.kind, .weight_D = weight, .bias_D = c.bias, .eps = 1e-5}.forward(in);
    };
    EXPECT_LT(distance(norm(x, w), c.expected), kTight);
    x.mutable_grad() = Tensor();
    w.mutable_grad() = Tensor();
    (norm(x, w) * direction).sum().backward();
    const auto value = [&] { return (norm(x.detach(), w.detach()) * direction).sum().item<double>(); };
    EXPECT_LT(distance(x.grad(), numerical_gradient(value, x)), kNumerical);
    EXPECT_LT(distance(w.grad(), numerical_gradient(value, w)), kNumerical);
  }
}

TEST(Norm, NormsEveryHeadByItself) {
  const Tensor x = random_tensor({3, 2, 5}, 1), w = random_tensor({5}, 2);
  const Norm norm{.weight_D = w, .eps = 1e-5};
  EXPECT_EQ(distance(norm.forward(x).select(1, 1), norm.forward(x.select(1, 1).contiguous())), 0);
  EXPECT_EQ(distance(Norm{}.forward(x), x), 0);
}

TEST(Norm, RoundsWhereTheModelsRound) {
  // bfloat16: Llama rounds the quotient before the product, OLMo 2 after it.
  const Tensor x = random_tensor({64, 8}, 1, at::kBFloat16), w = random_tensor({8}, 2, at::kBFloat16);
  const Tensor wide = x.to(at::kFloat);
  const Tensor quotient = wide / (wide.square().mean(-1, true) + 1e-5).sqrt();
  const Tensor early = quotient.to(at::kBFloat16) * w;
  const Tensor late = (quotient * w.to(at::kFloat)).to(at::kBFloat16);
  EXPECT_GT(distance(early, late), 0);
  EXPECT_EQ(distance(Norm{.weight_D = w, .eps = 1e-5}.forward(x), early), 0);
  EXPECT_EQ(distance(Norm{.kind = NormKind::kRmsWide, .weight_D = w, .eps = 1e-5}.forward(x), late), 0);
}

TEST(Linear, ReadsBothOrdersOfStorage) {
  const Tensor x = random_tensor({3, 4}, 1), w = random_tensor({5, 4}, 2), b = random_tensor({5}, 3);
  const Tensor expected = at::matmul(x, w.t()) + b;
  EXPECT_LT(distance(Linear{.weight = w, .bias = b}.forward(x), expected), kTight);
  const Linear stored_in_out{.weight = w.t().contiguous(), .bias = b, .weight_is_in_out = true};
  EXPECT_LT(distance(stored_in_out.forward(x), expected), kTight);
}

TEST(FeedForward, GatesByTheFirstHalfOfAStackedMatrix) {
  const Tensor x = random_tensor({3, 4}, 1), gate = random_tensor({6, 4}, 2), in = random_tensor({6, 4}, 3);
  const Linear out{.weight = random_tensor({4, 6}, 4)};
  const Tensor g = at::matmul(x, gate.t());
  const Tensor expected = out.forward(g * g.sigmoid() * at::matmul(x, in.t()));
  const FeedForward separate{.gating = FeedForward::Gate::kSeparate,
                             .activation = Activation::kSilu,
                             .gate = {.weight = gate},
                             .in = {.weight = in},
                             .out = out};
  const FeedForward stacked{.gating = FeedForward::Gate::kStacked,
                            .activation = Activation::kSilu,
                            .in = {.weight = at::cat({gate, in})},
                            .out = out};
  EXPECT_LT(distance(separate.forward(x), expected), kTight);
  EXPECT_LT(distance(stacked.forward(x), expected), kTight);
}

TEST(Rope, RotationKeepsLengthsAndDependsOnDistanceAlone) {
  const Rope rope = make_rope({.theta = 100, .size = 6});
  const Tensor q = random_tensor({1, 1, 6}, 1), k = random_tensor({1, 1, 6}, 2);
  const auto dot_at = [&](int64_t at_q, int64_t at_k) {
    const Tensor rq = rotate(q, rope_tables(rope, at::tensor({at_q}), at::kDouble));
    const Tensor rk = rotate(k, rope_tables(rope, at::tensor({at_k}), at::kDouble));
    EXPECT_NEAR(rq.square().sum().item<double>(), q.square().sum().item<double>(), 1e-6);
    return (rq * rk).sum().item<double>();
  };
  EXPECT_NEAR(dot_at(5, 3), dot_at(12, 10), 1e-5);
  EXPECT_GT(std::abs(dot_at(5, 3) - dot_at(5, 4)), 1e-3);
}

TEST(Rope, GradientIsTheInverseRotation) {
  const RopeTables tables = rope_tables(make_rope({.theta = 100, .size = 4}), at::tensor({2, 7}), at::kDouble);
  const Tensor x = random_tensor({2, 3, 6}, 1).requires_grad_(true), direction = random_tensor({2, 3, 6}, 2);
  (rotate(x, tables) * direction).sum().backward();
  const auto value = [&] { return (rotate(x.detach(), tables) * direction).sum().item<double>(); };
  EXPECT_LT(distance(x.grad(), numerical_gradient(value, x)), kNumerical);
  // Four of the six entries are rotated.
  EXPECT_EQ(distance(rotate(x, tables).narrow(-1, 4, 2), x.narrow(-1, 4, 2)), 0);
  EXPECT_GT(distance(rotate(x, tables).narrow(-1, 0, 4), x.narrow(-1, 0, 4)), 1e-2);
  EXPECT_EQ(distance(rotate(x, rope_tables({}, at::tensor({2, 7}), at::kDouble)), x), 0);
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

TEST(Embeddings, AddTablesAndRefuseNumbersOutsideThem) {
  Embeddings e{.tokens_VD = random_tensor({3, 2}, 1), .positions_SD = random_tensor({5, 2}, 2), .scale = 3};
  PackedBatch batch{.ids_N = at::tensor({1, 2}), .positions_N = at::tensor({2, 3})};
  EXPECT_LT(distance(e.forward(batch), e.tokens_VD.narrow(0, 1, 2) * 3 + e.positions_SD.narrow(0, 2, 2)), kTight);
  const Tensor without_types = e.forward(batch);
  e.types_YD = random_tensor({2, 2}, 3);
  EXPECT_LT(distance(e.forward(batch), without_types + e.types_YD[0]), kTight);
  batch.type_ids_N = at::tensor({0, 1});
  EXPECT_LT(distance(e.forward(batch), without_types + e.types_YD), kTight);
  batch.positions_N = at::tensor({4, 5});
  EXPECT_THROW(e.forward(batch), ModelError);
  batch.positions_N = at::tensor({0, 1});
  for (const auto& ids : {at::tensor({0, 3}), at::tensor({-1, 0})}) {
    batch.ids_N = ids;
    EXPECT_THROW(e.forward(batch), ModelError);
    EXPECT_THROW(e.forward(batch.to(at::kCPU)), ModelError);
  }
  batch.ids_N = at::tensor({0, 1});
  for (const auto& types : {at::tensor({0, 2}), at::tensor({-1, 0})}) {
    batch.type_ids_N = types;
    EXPECT_THROW(e.forward(batch), ModelError);
  }
}

TEST(Embeddings, CountPositionsFromBehindThePaddingId) {
  const Embeddings e{.tokens_VD = at::zeros({6, 1}, at::kDouble),
                     .positions_SD = at::arange(8, at::kDouble).unsqueeze(1),
                     .padding_id = 1};
  PackedBatch batch{.ids_N = at::tensor({4, 1, 5, 2, 3}), .positions_N = at::tensor({0, 1, 2, 0, 1})};
  batch.layout.bidirectional = true;
  EXPECT_EQ(distance(e.forward(batch).flatten(), at::tensor({2, 1, 3, 2, 3})), 0);
  // Row padding_id + 6 is the last of 8; a seventh token has none.
  batch.ids_N = at::tensor({2, 2, 2, 2, 2, 2});
  batch.positions_N = at::arange(6);
  EXPECT_EQ(e.forward(batch)[5].item<double>(), 7);
  batch.ids_N = at::tensor({2, 2, 2, 2, 2, 2, 2});
  batch.positions_N = at::arange(7);
  EXPECT_THROW(e.forward(batch), ModelError);
}

TEST(WeightRules, ResolveLettersAndLayers) {
  Sizes sizes{.vocab = 10, .hidden = 8, .layers = 2, .heads = 4, .kv_heads = 2, .head_size = 3, .inner = 16};
  EXPECT_EQ(resolve_shape("(HK)D", sizes), (std::vector<int64_t>{12, 8}));
  EXPECT_EQ(resolve_shape("(JK)", sizes), (std::vector<int64_t>{6}));
  EXPECT_EQ(resolve_shape("D(HK+2JK)", sizes), (std::vector<int64_t>{8, 24}));
  constexpr WeightRule kRules[] = {{"embed", "VD"},
                                   {"layer.{}.w", "DF"},
                                   {"layer.{}.b", "D", Start::kZeros, &Sizes::mlp_bias},
                                   {"layer.{}.norm", "D", Start::kOnes, nullptr, 1}};
  const auto expected = expand_rules(kRules, sizes);
  ASSERT_EQ(expected.size(), 4u);
  EXPECT_EQ(expected[2].name, "layer.1.w");
  EXPECT_EQ(expected[3].name, "layer.1.norm");
  sizes.mlp_bias = true;
  EXPECT_EQ(expand_rules(kRules, sizes).size(), 6u);
  EXPECT_THROW(resolve_shape("X", sizes), InternalError);
}

}  // namespace
}  // namespace rondo::nn
