// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/forest_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/tensors.h"

namespace rondo::nn {
namespace {

using testing::distance;
using testing::random_tensor;

constexpr double kTight = 1e-12;

// A prefix of 3 tokens with two responses of 2 and one of 4, then a tree without a prefix.
ForestLayout two_trees() {
  ForestLayout layout;
  layout.trees.push_back({.prefix_begin = 0, .prefix_length = 3, .runs = {{3, 2, 2}, {7, 1, 4}}});
  layout.trees.push_back({.prefix_begin = 11, .prefix_length = 0, .runs = {{11, 2, 3}}});
  layout.token_count = 17;
  return layout;
}

// The rows that a row may attend to, by the definition in packed_batch.h.
std::vector<int64_t> visible_rows(const ForestLayout& layout, int64_t row) {
  std::vector<int64_t> rows;
  for (const SegmentTree& tree : layout.trees) {
    const int64_t prefix_end = tree.prefix_begin + tree.prefix_length;
    if (row >= tree.prefix_begin && row < prefix_end) {
      for (int64_t r = tree.prefix_begin; r <= row; ++r) rows.push_back(r);
    }
    for (const SegmentRun& run : tree.runs) {
      if (row < run.begin || row >= run.begin + run.count * run.length) continue;
      for (int64_t r = tree.prefix_begin; r < prefix_end; ++r) rows.push_back(r);
      const int64_t first = run.begin + (row - run.begin) / run.length * run.length;
      for (int64_t r = first; r <= row; ++r) rows.push_back(r);
    }
  }
  return rows;
}

// Row by row, head by head.
Tensor slow_attention(const Tensor& q, const Tensor& k, const Tensor& v, const ForestLayout& layout, double scale) {
  const int64_t repeats = q.size(1) / k.size(1);
  std::vector<Tensor> out;
  for (int64_t row = 0; row < q.size(0); ++row) {
    const Tensor index = at::tensor(visible_rows(layout, row));
    std::vector<Tensor> heads;
    for (int64_t h = 0; h < q.size(1); ++h) {
      const Tensor keys = k.index_select(0, index).select(1, h / repeats),
                   values = v.index_select(0, index).select(1, h / repeats);
      heads.push_back(at::matmul(at::softmax(at::matmul(keys, q[row][h]) * scale, 0), values));
    }
    out.push_back(at::stack(heads));
  }
  return at::stack(out);
}

struct Inputs {
  Tensor q, k, v;
};

Inputs inputs(int64_t rows, int64_t heads, int64_t kv_heads) {
  return {random_tensor({rows, heads, 4}, 1).requires_grad_(true),
          random_tensor({rows, kv_heads, 4}, 2).requires_grad_(true),
          random_tensor({rows, kv_heads, 4}, 3).requires_grad_(true)};
}

TEST(ForestAttention, EqualsTheDefinitionRowByRow) {
  for (const int64_t kv_heads : {4, 2, 1}) {
    const Inputs x = inputs(17, 4, kv_heads);
    const Tensor fast = forest_attention(x.q, x.k, x.v, plan_attention(two_trees(), 4), 0.5);
    EXPECT_LT(distance(fast, slow_attention(x.q, x.k, x.v, two_trees(), 0.5)), kTight)
        << kv_heads << " key/value heads";
  }
}

TEST(ForestAttention, GradientsEqualThoseOfTheDefinition) {
  for (const int64_t kv_heads : {4, 2, 1}) {
    const Inputs fast = inputs(17, 4, kv_heads), slow = inputs(17, 4, kv_heads);
    const Tensor direction = random_tensor({17, 4, 4}, 4);
    (forest_attention(fast.q, fast.k, fast.v, plan_attention(two_trees(), 4), 0.5) * direction).sum().backward();
    (slow_attention(slow.q, slow.k, slow.v, two_trees(), 0.5) * direction).sum().backward();
    EXPECT_LT(distance(fast.q.grad(), slow.q.grad()), kTight);
    EXPECT_LT(distance(fast.k.grad(), slow.k.grad()), kTight);
    EXPECT_LT(distance(fast.v.grad(), slow.v.grad()), kTight);
  }
}

TEST(ForestAttention, BlocksCutARunWithoutChangingIt) {
  // One long segment behind a prefix: with 4 heads and 1,500 keys a block holds fewer rows than the segment.
  ForestLayout layout;
  layout.trees.push_back({.prefix_begin = 0, .prefix_length = 100, .runs = {{100, 1, 1400}}});
  layout.token_count = 1500;
  const auto plan = plan_attention(layout, 4);
  ASSERT_GT(plan->blocks.size(), 2u);
  AttentionPlan whole;
  whole.blocks = {{.segment_begin = 0, .segment_length = 100, .count = 1, .rows = 100},
                  {.segment_begin = 100,
                   .segment_length = 1400,
                   .count = 1,
                   .rows = 1400,
                   .prefix_begin = 0,
                   .prefix_length = 100}};
  const Inputs a = inputs(1500, 4, 4), b = inputs(1500, 4, 4);
  const Tensor cut = forest_attention(a.q, a.k, a.v, plan, 0.5);
  const Tensor uncut = forest_attention(b.q, b.k, b.v, std::make_shared<const AttentionPlan>(whole), 0.5);
  EXPECT_LT(distance(cut, uncut), kTight);
  cut.square().sum().backward();
  uncut.square().sum().backward();
  EXPECT_LT(distance(a.k.grad(), b.k.grad()), 1e-9);
}

TEST(ForestAttention, EncodersSeeTheWholeSegment) {
  ForestLayout layout;
  layout.bidirectional = true;
  layout.trees.push_back({.runs = {{0, 2, 3}}});
  layout.token_count = 6;
  const Inputs x = inputs(6, 2, 2);
  const Tensor out = forest_attention(x.q, x.k, x.v, plan_attention(layout, 2), 0.5);
  const Tensor keys = x.k.narrow(0, 3, 3).select(1, 1), values = x.v.narrow(0, 3, 3).select(1, 1);
  const Tensor expected = at::matmul(at::softmax(at::matmul(keys, x.q[3][1]) * 0.5, 0), values);
  EXPECT_LT(distance(out[3][1], expected), kTight);
}

}  // namespace
}  // namespace rondo::nn
