// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/forest_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "rondo/base/error.h"
#include "rondo/base/shapes.h"
#include "rondo/nn/precision.h"

namespace rondo::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Attention weights held at once: 2^22 numbers are 16 MB in float32, which stays near the cache.
constexpr int64_t kBlockElements = int64_t{1} << 22;

// A window is cut into stretches of its own length, so that a block has at most twice as many keys as it needs; shorter
// stretches would be all overhead.
constexpr int64_t kShortestStretch = 64;

// What the rows [row, row + rows) of a segment see of themselves and of their prefix.
AttentionBlock visible_block(const SegmentRun& run, const SegmentTree& tree, const AttentionPlan& plan, int64_t row,
                             int64_t rows) {
  AttentionBlock block{.segment_length = run.length, .row_begin = row, .rows = rows};
  const int64_t reach = plan.window > 0 ? plan.window - 1 : tree.prefix_length + run.length;
  block.prefix_length = std::clamp<int64_t>(reach - row, 0, tree.prefix_length);
  block.prefix_begin = tree.prefix_begin + tree.prefix_length - block.prefix_length;
  block.own_begin = std::max<int64_t>(0, row - reach);
  const int64_t own_end = plan.bidirectional ? std::min(run.length, row + rows + reach) : row + rows;
  block.own_keys = own_end - block.own_begin;
  return block;
}

// Cuts one run into blocks: several whole segments where they are short, a range of rows of one segment where long.
void add_blocks(const SegmentRun& run, const SegmentTree& tree, int64_t heads, AttentionPlan& plan) {
  int64_t rows = run.length, keys = tree.prefix_length + run.length;
  if (plan.window > 0) {
    rows = std::min(rows, std::max(plan.window, kShortestStretch));
    keys = std::min(keys, rows + 2 * plan.window);
  }
  rows = std::clamp<int64_t>(kBlockElements / std::max<int64_t>(1, heads * keys), 1, rows);
  const int64_t together = std::max<int64_t>(1, kBlockElements / std::max<int64_t>(1, heads * rows * keys));
  for (int64_t first = 0; first < run.count; first += together) {
    for (int64_t row = 0; row < run.length; row += rows) {
      AttentionBlock block = visible_block(run, tree, plan, row, std::min(rows, run.length - row));
      block.segment_begin = run.begin + first * run.length;
      block.count = std::min(together, run.count - first);
      plan.blocks.push_back(block);
    }
  }
}

int64_t longest_sequence(const ForestLayout& layout) {
  int64_t longest = 0;
  for (const SegmentTree& tree : layout.trees) {
    longest = std::max(longest, tree.prefix_length);
    for (const SegmentRun& run : tree.runs) longest = std::max(longest, tree.prefix_length + run.length);
  }
  return longest;
}

// The operands of one block, key/value heads first. The H / J query heads of a key head are further rows of its
// queries, so that keys and values are multiplied where they are, without a copy for each query head: q is
// [J, count, H/J * rows, K], own keys are [J, count, keys, K], prefix keys [J, 1, P, K].
class BlockView {
 public:
  BlockView(const AttentionBlock& block, const AttentionPlan& plan, int64_t heads, int64_t kv_heads)
      : b_(block), plan_(plan), kv_heads_(kv_heads), shared_(heads / kv_heads) {}

  // Rows [from, from + rows) of every segment of the block, as [count, rows, heads of x, K] without a copy.
  Tensor rows_of(const Tensor& x, int64_t from, int64_t rows) const {
    return x.narrow(0, b_.segment_begin, b_.count * b_.segment_length)
        .view({b_.count, b_.segment_length, x.size(1), x.size(2)})
        .narrow(1, from, rows);
  }
  Tensor query_rows(const Tensor& x) const { return rows_of(x, b_.row_begin, b_.rows); }
  Tensor own_rows(const Tensor& x) const { return rows_of(x, b_.own_begin, b_.own_keys); }
  Tensor prefix_rows(const Tensor& x) const { return x.narrow(0, b_.prefix_begin, b_.prefix_length).unsqueeze(0); }

  // Own or prefix rows of keys or values: [count, keys, J, K] -> [J, count, keys, K] contiguous.
  static Tensor keys_by_head(const Tensor& x) { return x.permute({2, 0, 1, 3}).contiguous(); }
  // Query rows: [count, rows, H, K] -> [J, count, H/J * rows, K] contiguous.
  Tensor queries_by_head(const Tensor& x) const {
    return x.unflatten(2, {kv_heads_, shared_}).permute({2, 0, 3, 1, 4}).contiguous().flatten(2, 3);
  }
  // Writes [J, count, H/J * rows, K] into query rows.
  void store_queries(const Tensor& y, const Tensor& rows) const {
    rows.unflatten(2, {kv_heads_, shared_}).copy_(y.unflatten(2, {shared_, b_.rows}).permute({1, 3, 0, 2, 4}));
  }

  Tensor flat(const Tensor& y) const { return y.view({kv_heads_, y.size(1) * y.size(2), y.size(3)}); }
  Tensor each(const Tensor& y) const { return y.view({kv_heads_ * y.size(1), y.size(2), y.size(3)}); }

  // Attention weights [J, count, H/J * rows, P + own] in the type of q, and the slope of the cap at every score.
  struct Weights {
    Tensor value;
    Tensor cap_slope;  // undefined without a cap
  };
  Weights weights(const Tensor& q, const Tensor& own_k, const Tensor& prefix_k, const AttentionOptions& options,
                  const std::optional<RelativeScores>& relative) const {
    Tensor scores = at::bmm(each(q), each(own_k).transpose(1, 2)).view(query_shape(b_.own_keys));
    if (relative) scores = relative->add_to(scores, q, own_k);
    if (b_.prefix_length > 0) {
      const Tensor shared = at::bmm(flat(q), flat(prefix_k).transpose(1, 2));
      scores = at::cat({shared.view(query_shape(b_.prefix_length)), scores}, -1);
    }
    scores = at_least_float(scores).mul_(options.scale);
    Weights result;
    if (options.softcap > 0) {
      scores.div_(options.softcap).tanh_();
      result.cap_slope = 1 - scores.square();
      scores.mul_(options.softcap);
    }
    add_mask(scores);
    result.value = at::softmax(scores, -1).to(q.scalar_type());
    return result;
  }

  // Splits [J, count, H/J * rows, P + own] into the two products' matrices, without copies.
  Tensor prefix_part(const Tensor& w) const { return flat(w).narrow(-1, 0, b_.prefix_length); }
  Tensor own_part(const Tensor& w) const { return each(w).narrow(-1, b_.prefix_length, b_.own_keys); }
  std::optional<RelativeScores> relative_scores(const RelativeTables& tables) const {
    if (!tables.key_SHK.defined() && !tables.query_SHK.defined()) return std::nullopt;
    return RelativeScores(tables, {b_.row_begin, b_.rows}, {b_.own_begin, b_.own_keys});
  }
  bool has_prefix() const { return b_.prefix_length > 0; }
  std::vector<int64_t> query_shape(int64_t last) const { return {kv_heads_, b_.count, shared_ * b_.rows, last}; }

 private:
  // -infinity where a query does not see a key: later ones of a decoder, those outside the window.
  void add_mask(const Tensor& all_scores) const {
    const Tensor scores = all_scores.unflatten(2, {shared_, b_.rows});
    constexpr double kHidden = -std::numeric_limits<double>::infinity();
    if (plan_.window == 0) {
      if (plan_.bidirectional || b_.rows == 1) return;
      // The prefix is visible as a whole: the triangle over the own keys alone.
      scores.narrow(-1, b_.prefix_length, b_.own_keys)
          .add_(at::full({b_.rows, b_.own_keys}, kHidden, scores.options()).triu_(b_.row_begin - b_.own_begin + 1));
      return;
    }
    const auto numbers = scores.options().dtype(at::kLong);
    const Tensor query = at::arange(b_.rows, numbers) + b_.row_begin;
    const Tensor key = at::cat(
        {at::arange(b_.prefix_length, numbers) - b_.prefix_length, at::arange(b_.own_keys, numbers) + b_.own_begin});
    const Tensor distance = query.unsqueeze(1) - key;
    const Tensor hidden =
        plan_.bidirectional ? distance.abs() >= plan_.window : (distance < 0).logical_or_(distance >= plan_.window);
    scores.masked_fill_(hidden, kHidden);
  }

  const AttentionBlock& b_;
  const AttentionPlan& plan_;
  int64_t kv_heads_;
  int64_t shared_;  // query heads of a key head
};

// What the backward pass needs beside tensors.
struct Call : torch::CustomClassHolder {
  std::shared_ptr<const AttentionPlan> plan;
  AttentionOptions options;
  RelativeTables relative;  // its numbers; the tensors are saved as tensors
};

struct ForestAttention : torch::autograd::Function<ForestAttention> {
  static Tensor forward(AutogradContext* context, const Tensor& q_NHK, const Tensor& k_NJK, const Tensor& v_NJK,
                        const std::optional<Tensor>& relative_key_SHK, const std::optional<Tensor>& relative_query_SHK,
                        const c10::intrusive_ptr<Call>& call) {
    const RelativeTables relative{relative_key_SHK.value_or(Tensor()), relative_query_SHK.value_or(Tensor()),
                                  call->relative.buckets, call->relative.longest};
    Tensor out_NHK = at::empty_like(q_NHK, at::MemoryFormat::Contiguous);
    for (const AttentionBlock& block : call->plan->blocks) {
      const BlockView view(block, *call->plan, q_NHK.size(1), k_NJK.size(1));
      const Tensor q = view.queries_by_head(view.query_rows(q_NHK));
      const Tensor own_k = view.keys_by_head(view.own_rows(k_NJK));
      const Tensor prefix_k = view.has_prefix() ? view.keys_by_head(view.prefix_rows(k_NJK)) : Tensor();
      const Tensor weights = view.weights(q, own_k, prefix_k, call->options, view.relative_scores(relative)).value;
      Tensor out = at::bmm(view.own_part(weights), view.each(view.keys_by_head(view.own_rows(v_NJK)))).view_as(q);
      if (view.has_prefix()) {
        const Tensor prefix_v = view.keys_by_head(view.prefix_rows(v_NJK));
        out.add_(at::bmm(view.prefix_part(weights), view.flat(prefix_v)).view_as(q));
      }
      view.store_queries(out, view.query_rows(out_NHK));
    }
    context->save_for_backward({q_NHK, k_NJK, v_NJK, out_NHK, relative.key_SHK, relative.query_SHK});
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    return out_NHK;
  }

  // With weights W = softmax(S), O = W V:  dV = W' dO;  dW = dO V';  dS = W (dW - rowsum(dO O));  dQ = scale dS K;
  // dK = scale dS' Q, where a cap multiplies dS by its slope. Own and prefix keys are the two column blocks of W and S.
  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &q_NHK = saved[0], &k_NJK = saved[1], &v_NJK = saved[2];
    const auto call = c10::static_intrusive_pointer_cast<Call>(context->saved_data["call"].toCapsule());
    const auto zeros = [](const Tensor& x) {
      return x.defined() ? at::zeros_like(x, at::MemoryFormat::Contiguous) : Tensor();
    };
    Gradients g{at::empty_like(q_NHK, at::MemoryFormat::Contiguous),
                zeros(k_NJK),
                zeros(v_NJK),
                {zeros(saved[4]), zeros(saved[5])}};
    const Tensor dout_NHK = grads[0].contiguous();
    for (const AttentionBlock& block : call->plan->blocks) {
      block_backward(BlockView(block, *call->plan, q_NHK.size(1), k_NJK.size(1)), saved, dout_NHK, *call, g);
    }
    return {g.q_NHK, g.k_NJK, g.v_NJK, g.relative.key_SHK, g.relative.query_SHK, Tensor()};
  }

 private:
  struct Gradients {
    Tensor q_NHK, k_NJK, v_NJK;
    RelativeGradients relative;
  };

  static void block_backward(const BlockView& view, const variable_list& saved, const Tensor& dout_NHK,
                             const Call& call, Gradients& g) {
    const Tensor q = view.queries_by_head(view.query_rows(saved[0]));
    const Tensor own_k = view.keys_by_head(view.own_rows(saved[1]));
    const Tensor own_v = view.keys_by_head(view.own_rows(saved[2]));
    Tensor prefix_k, prefix_v;
    if (view.has_prefix()) {
      prefix_k = view.keys_by_head(view.prefix_rows(saved[1]));
      prefix_v = view.keys_by_head(view.prefix_rows(saved[2]));
    }
    const std::optional<RelativeScores> relative =
        view.relative_scores({saved[4], saved[5], call.relative.buckets, call.relative.longest});
    const auto [weights, cap_slope] = view.weights(q, own_k, prefix_k, call.options, relative);
    const Tensor dout = view.queries_by_head(view.query_rows(dout_NHK));
    const Tensor out = view.queries_by_head(view.query_rows(saved[3]));
    const Tensor delta = (at_least_float(dout) * at_least_float(out)).sum(-1, /*keepdim=*/true);

    Tensor dweights =
        at::bmm(view.each(dout), view.each(own_v).transpose(1, 2)).view({q.size(0), q.size(1), q.size(2), -1});
    if (view.has_prefix()) {
      const Tensor shared = at::bmm(view.flat(dout), view.flat(prefix_v).transpose(1, 2));
      dweights = at::cat({shared.view({q.size(0), q.size(1), q.size(2), -1}), dweights}, -1);
    }
    Tensor wide_dscores = (at_least_float(dweights) - delta).mul_(at_least_float(weights)).mul_(call.options.scale);
    if (cap_slope.defined()) wide_dscores.mul_(cap_slope);
    const Tensor dscores = wide_dscores.to(q.scalar_type());

    Tensor dq = at::bmm(view.own_part(dscores), view.each(own_k)).view_as(q);
    Tensor own_dk = at::bmm(view.own_part(dscores).transpose(1, 2), view.each(q)).view_as(own_k);
    if (relative) relative->add_gradients(dscores, q, own_k, dq, own_dk, g.relative);
    add_to(view.own_rows(g.k_NJK), own_dk);
    add_to(view.own_rows(g.v_NJK), at::bmm(view.own_part(weights).transpose(1, 2), view.each(dout)).view_as(own_v));
    if (view.has_prefix()) {
      dq.add_(at::bmm(view.prefix_part(dscores), view.flat(prefix_k)).view_as(q));
      const Tensor dk = at::bmm(view.prefix_part(dscores).transpose(1, 2), view.flat(q)).view_as(prefix_k);
      const Tensor dv = at::bmm(view.prefix_part(weights).transpose(1, 2), view.flat(dout)).view_as(prefix_v);
      add_to(view.prefix_rows(g.k_NJK), dk);
      add_to(view.prefix_rows(g.v_NJK), dv);
    }
    view.store_queries(dq, view.query_rows(g.q_NHK));
  }

  // [J, count, keys, K] to the rows [count, keys, J, K] of a gradient.
  static void add_to(const Tensor& rows, const Tensor& gradient) { rows.add_(gradient.permute({1, 2, 0, 3})); }
};

}  // namespace

std::shared_ptr<const AttentionPlan> plan_attention(const ForestLayout& layout, int64_t heads, int64_t window) {
  auto plan = std::make_shared<AttentionPlan>();
  plan->bidirectional = layout.bidirectional;
  // A window that holds every sequence hides nothing, and the triangle is cheaper than a mask of distances.
  plan->window = window < longest_sequence(layout) ? window : 0;
  for (const SegmentTree& tree : layout.trees) {
    RONDO_ASSERT(!layout.bidirectional || tree.prefix_length == 0, "encoders share no prefix");
    if (tree.prefix_length > 0) {
      add_blocks({.begin = tree.prefix_begin, .count = 1, .length = tree.prefix_length}, {}, heads, *plan);
    }
    for (const SegmentRun& run : tree.runs) add_blocks(run, tree, heads, *plan);
  }
  return plan;
}

Tensor forest_attention(const Tensor& q_NHK, const Tensor& k_NJK, const Tensor& v_NJK,
                        const std::shared_ptr<const AttentionPlan>& plan, const AttentionOptions& options,
                        const RelativeTables& relative) {
  expect_shape(k_NJK, {q_NHK.size(0), kAny, q_NHK.size(2)}, "k_NJK");
  expect_shape(v_NJK, {q_NHK.size(0), k_NJK.size(1), q_NHK.size(2)}, "v_NJK");
  RONDO_ASSERT(q_NHK.size(1) % k_NJK.size(1) == 0, "query heads are a multiple of key/value heads");
  const bool has_relative = relative.key_SHK.defined() || relative.query_SHK.defined();
  RONDO_ASSERT(!has_relative || (plan->bidirectional && q_NHK.size(1) == k_NJK.size(1)),
               "position terms are for encoders with a key head for each query head");
  auto call = c10::make_intrusive<Call>();
  call->plan = plan;
  call->options = options;
  call->relative = {{}, {}, relative.buckets, relative.longest};
  // An undefined tensor is no argument of a function with a gradient; an empty optional is.
  const auto given = [](const Tensor& x) { return x.defined() ? std::optional(x) : std::nullopt; };
  return ForestAttention::apply(q_NHK, k_NJK, v_NJK, given(relative.key_SHK), given(relative.query_SHK), call);
}

}  // namespace rondo::nn
