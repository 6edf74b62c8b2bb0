// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/forest_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <algorithm>

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

// The rows that a row may attend to, by the definition in packed_batch.h: those of its prefix and of its own segment,
// up to itself or, for encoders, all of them; less than `window` positions away.
std::vector<int64_t> visible_rows(const ForestLayout& layout, int64_t row, int64_t window) {
  std::vector<int64_t> path;
  for (const SegmentTree& tree : layout.trees) {
    const int64_t prefix_end = tree.prefix_begin + tree.prefix_length;
    if (row >= tree.prefix_begin && row < prefix_end) {
      for (int64_t r = tree.prefix_begin; r < prefix_end; ++r) path.push_back(r);
    }
    for (const SegmentRun& run : tree.runs) {
      if (row < run.begin || row >= run.begin + run.count * run.length) continue;
      for (int64_t r = tree.prefix_begin; r < prefix_end; ++r) path.push_back(r);
      const int64_t first = run.begin + (row - run.begin) / run.length * run.length;
      for (int64_t r = first; r < first + run.length; ++r) path.push_back(r);
    }
  }
  const int64_t position = std::find(path.begin(), path.end(), row) - path.begin();
  std::vector<int64_t> rows;
  for (int64_t p = 0; p < static_cast<int64_t>(path.size()); ++p) {
    const bool near = window == 0 || std::abs(p - position) < window;
    if (near && (layout.bidirectional || p <= position)) rows.push_back(path[static_cast<size_t>(p)]);
  }
  return rows;
}

// Row by row, head by head.
Tensor slow_attention(const Tensor& q, const Tensor& k, const Tensor& v, const ForestLayout& layout, int64_t window,
                      const AttentionOptions& options) {
  const int64_t repeats = q.size(1) / k.size(1);
  std::vector<Tensor> out;
  for (int64_t row = 0; row < q.size(0); ++row) {
    const Tensor index = at::tensor(visible_rows(layout, row, window));
    std::vector<Tensor> heads;
    for (int64_t h = 0; h < q.size(1); ++h) {
      const Tensor keys = k.index_select(0, index).select(1, h / repeats),
                   values = v.index_select(0, index).select(1, h / repeats);
      Tensor scores = at::matmul(keys, q[row][h]) * options.scale;
      if (options.softcap > 0) scores = options.softcap * (scores / options.softcap).tanh();
      heads.push_back(at::matmul(at::softmax(scores, 0), values));
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

// Values and gradients against the definition, for one layout and one setting.
void compare(const ForestLayout& layout, int64_t kv_heads, int64_t window, const AttentionOptions& options) {
  const int64_t rows = layout.token_count;
  const Inputs fast = inputs(rows, 4, kv_heads), slow = inputs(rows, 4, kv_heads);
  const Tensor direction = random_tensor({rows, 4, 4}, 4);
  const Tensor out = forest_attention(fast.q, fast.k, fast.v, plan_attention(layout, 4, window), options);
  const Tensor expected = slow_attention(slow.q, slow.k, slow.v, layout, window, options);
  EXPECT_LT(distance(out, expected), kTight);
  (out * direction).sum().backward();
  (expected * direction).sum().backward();
  EXPECT_LT(distance(fast.q.grad(), slow.q.grad()), kTight);
  EXPECT_LT(distance(fast.k.grad(), slow.k.grad()), kTight);
  EXPECT_LT(distance(fast.v.grad(), slow.v.grad()), kTight);
}

TEST(ForestAttention, EqualsTheDefinitionRowByRow) {
  for (const int64_t kv_heads : {4, 2, 1}) compare(two_trees(), kv_heads, 0, {.scale = 0.5});
}

TEST(ForestAttention, AWindowReachesIntoThePrefix) {
  for (const int64_t window : {1, 2, 3, 5, 6, 7, 100}) compare(two_trees(), 2, window, {.scale = 0.5});
  // The longest sequence has 7 tokens.
  EXPECT_EQ(plan_attention(two_trees(), 4, 6)->window, 6);
  EXPECT_EQ(plan_attention(two_trees(), 4, 7)->window, 0);
}

TEST(ForestAttention, CapsScores) {
  compare(two_trees(), 2, 0, {.scale = 0.5, .softcap = 0.7});
  compare(two_trees(), 2, 3, {.scale = 0.5, .softcap = 0.7});
}

TEST(ForestAttention, EncodersSeeTheWholeSegmentOrAWindowInBothDirections) {
  ForestLayout layout;
  layout.bidirectional = true;
  layout.trees.push_back({.runs = {{0, 2, 5}, {10, 1, 7}}});
  layout.token_count = 17;
  for (const int64_t window : {0, 1, 3}) compare(layout, 4, window, {.scale = 0.5});
}

TEST(ForestAttention, AWindowedRunIsCutIntoStretches) {
  // Longer than the shortest stretch, so several blocks, each with the keys that it needs.
  for (const bool bidirectional : {false, true}) {
    ForestLayout layout;
    layout.bidirectional = bidirectional;
    layout.trees.push_back({.prefix_length = bidirectional ? 0 : 3, .runs = {{bidirectional ? 0 : 3, 2, 150}}});
    layout.token_count = bidirectional ? 300 : 303;
    const auto plan = plan_attention(layout, 4, 10);
    ASSERT_EQ(plan->blocks.size(), bidirectional ? 3u : 4u);
    EXPECT_LT(plan->blocks.back().own_keys, 100);
    compare(layout, 2, 10, {.scale = 0.5});
  }
}

// Row of the table for a distance: up to 2 of itself, 3 for the rest up to 8, then the last.
int64_t bucket_of(int64_t distance) {
  const int64_t size = std::abs(distance), sign = distance < 0 ? -1 : 1;
  // ceil( log(size / 2) / log(7 / 2) ) + 2 for size above 2, with 4 buckets and a longest distance of 8.
  return size <= 2 ? distance : sign * (size <= 7 ? 3 : 4);
}

TEST(RelativePositions, AddBothTermsToTheScoresOfEveryPair) {
  constexpr int64_t kRows = 12, kSpan = 4;
  ForestLayout layout;
  layout.bidirectional = true;
  layout.trees.push_back({.runs = {{0, 1, kRows}}});
  layout.token_count = kRows;
  for (const int64_t buckets : {int64_t{0}, kSpan}) {
    const Inputs fast = inputs(kRows, 2, 2), slow = inputs(kRows, 2, 2);
    const auto tables = [&] {
      return RelativeTables{random_tensor({2 * kSpan, 2, 4}, 5).requires_grad_(true),
                            random_tensor({2 * kSpan, 2, 4}, 6).requires_grad_(true), buckets, 8};
    };
    const RelativeTables a = tables(), b = tables();
    std::vector<Tensor> rows;
    for (int64_t i = 0; i < kRows; ++i) {
      std::vector<int64_t> named;
      for (int64_t j = 0; j < kRows; ++j) {
        named.push_back(std::clamp((buckets > 0 ? bucket_of(i - j) : i - j) + kSpan, int64_t{0}, 2 * kSpan - 1));
      }
      // [j, H, K] tables of row i.
      const Tensor pk = b.key_SHK.index_select(0, at::tensor(named)),
                   pq = b.query_SHK.index_select(0, at::tensor(named));
      const Tensor scores_JH = (slow.k * slow.q[i] + slow.q[i] * pk + slow.k * pq).sum(-1) * 0.5;
      rows.push_back((at::softmax(scores_JH, 0).unsqueeze(-1) * slow.v).sum(0));
    }
    const Tensor expected = at::stack(rows), direction = random_tensor({kRows, 2, 4}, 4);
    const Tensor out = forest_attention(fast.q, fast.k, fast.v, plan_attention(layout, 2), {.scale = 0.5}, a);
    EXPECT_LT(distance(out, expected), kTight);
    (out * direction).sum().backward();
    (expected * direction).sum().backward();
    EXPECT_LT(distance(fast.q.grad(), slow.q.grad()), kTight);
    EXPECT_LT(distance(fast.k.grad(), slow.k.grad()), kTight);
    EXPECT_LT(distance(fast.v.grad(), slow.v.grad()), kTight);
    EXPECT_LT(distance(a.key_SHK.grad(), b.key_SHK.grad()), kTight);
    EXPECT_LT(distance(a.query_SHK.grad(), b.query_SHK.grad()), kTight);
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
  whole.blocks = {{.segment_begin = 0, .segment_length = 100, .count = 1, .rows = 100, .own_keys = 100},
                  {.segment_begin = 100,
                   .segment_length = 1400,
                   .count = 1,
                   .rows = 1400,
                   .prefix_begin = 0,
                   .prefix_length = 100,
                   .own_keys = 1400}};
  const Inputs a = inputs(1500, 4, 4), b = inputs(1500, 4, 4);
  const Tensor cut = forest_attention(a.q, a.k, a.v, plan, {.scale = 0.5});
  const Tensor uncut = forest_attention(b.q, b.k, b.v, std::make_shared<const AttentionPlan>(whole), {.scale = 0.5});
  EXPECT_LT(distance(cut, uncut), kTight);
  cut.square().sum().backward();
  uncut.square().sum().backward();
  EXPECT_LT(distance(a.k.grad(), b.k.grad()), 1e-9);
}

}  // namespace
}  // namespace rondo::nn
