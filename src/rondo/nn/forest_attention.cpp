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

// The operands of one block, heads first: q [H, count * rows, K], own keys [H * count, keys, K], prefix keys [H, P, K].
class BlockView {
 public:
  BlockView(const AttentionBlock& block, const AttentionPlan& plan, int64_t heads)
      : b_(block), plan_(plan), heads_(heads) {}

  // Rows [from, from + rows) of every segment of the block, as [count, rows, heads of x, K] without a copy.
  Tensor rows_of(const Tensor& x, int64_t from, int64_t rows) const {
    return x.narrow(0, b_.segment_begin, b_.count * b_.segment_length)
        .view({b_.count, b_.segment_length, x.size(1), x.size(2)})
        .narrow(1, from, rows);
  }
  Tensor query_rows(const Tensor& x) const { return rows_of(x, b_.row_begin, b_.rows); }
  Tensor own_rows(const Tensor& x) const { return rows_of(x, b_.own_begin, b_.own_keys); }
  Tensor prefix_rows(const Tensor& x) const { return x.narrow(0, b_.prefix_begin, b_.prefix_length).unsqueeze(0); }

  // [count, rows, H or J, K] -> [H, count, rows, K] contiguous, key/value heads repeated for their query heads.
  Tensor by_head(const Tensor& x) const {
    Tensor y = x.permute({2, 0, 1, 3});
    if (y.size(0) != heads_) {
      y = y.unsqueeze(1).expand({y.size(0), heads_ / y.size(0), y.size(1), y.size(2), y.size(3)});
      return y.reshape({heads_, y.size(2), y.size(3), y.size(4)}).contiguous();
    }
    return y.contiguous();
  }
  // The adjoint of by_head: [H, count, rows, K] -> [count, rows, heads, K], summed over the repeated heads.
  static Tensor back_to_rows(const Tensor& y, int64_t heads) {
    if (y.size(0) == heads) return y.permute({1, 2, 0, 3});
    return y.view({heads, y.size(0) / heads, y.size(1), y.size(2), y.size(3)}).sum(1).permute({1, 2, 0, 3});
  }

  Tensor flat(const Tensor& y) const { return y.view({heads_, y.size(1) * y.size(2), y.size(3)}); }
  Tensor each(const Tensor& y) const { return y.view({heads_ * y.size(1), y.size(2), y.size(3)}); }

  // Attention weights [H, count, rows, P + own] in the type of q, and the slope of the cap at every score.
  struct Weights {
    Tensor value;
    Tensor cap_slope;  // undefined without a cap
  };
  Weights weights(const Tensor& q, const Tensor& own_k, const Tensor& prefix_k, const AttentionOptions& options) const {
    Tensor scores = at::bmm(each(q), each(own_k).transpose(1, 2)).view({heads_, b_.count, b_.rows, b_.own_keys});
    if (b_.prefix_length > 0) {
      const Tensor shared = at::bmm(flat(q), flat(prefix_k).transpose(1, 2));
      scores = at::cat({shared.view({heads_, b_.count, b_.rows, b_.prefix_length}), scores}, -1);
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

  // Splits [H, count, rows, P + own] into the two products' matrices, without copies.
  Tensor prefix_part(const Tensor& w) const {
    return w.view({heads_, b_.count * b_.rows, b_.prefix_length + b_.own_keys}).narrow(-1, 0, b_.prefix_length);
  }
  Tensor own_part(const Tensor& w) const {
    return w.view({heads_ * b_.count, b_.rows, b_.prefix_length + b_.own_keys})
        .narrow(-1, b_.prefix_length, b_.own_keys);
  }
  bool has_prefix() const { return b_.prefix_length > 0; }
  std::vector<int64_t> query_shape(const Tensor& q) const { return {heads_, b_.count, b_.rows, q.size(-1)}; }

 private:
  // -infinity where a query does not see a key: later ones of a decoder, those outside the window.
  void add_mask(Tensor& scores) const {
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
  int64_t heads_;
};

struct ForestAttention : torch::autograd::Function<ForestAttention> {
  static Tensor forward(AutogradContext* context, const Tensor& q_NHK, const Tensor& k_NJK, const Tensor& v_NJK,
                        const std::shared_ptr<const AttentionPlan>& plan, const AttentionOptions& options) {
    Tensor out_NHK = at::empty_like(q_NHK, at::MemoryFormat::Contiguous);
    const int64_t heads = q_NHK.size(1);
    for (const AttentionBlock& block : plan->blocks) {
      const BlockView view(block, *plan, heads);
      const Tensor q = view.by_head(view.query_rows(q_NHK));
      const Tensor prefix_k = view.has_prefix() ? view.by_head(view.prefix_rows(k_NJK)) : Tensor();
      const Tensor weights = view.weights(q, view.by_head(view.own_rows(k_NJK)), prefix_k, options).value;
      Tensor out =
          at::bmm(view.own_part(weights), view.each(view.by_head(view.own_rows(v_NJK)))).view(view.query_shape(q));
      if (view.has_prefix()) {
        const Tensor prefix_v = view.by_head(view.prefix_rows(v_NJK));
        out.add_(at::bmm(view.prefix_part(weights), view.flat(prefix_v)).view(view.query_shape(q)));
      }
      view.query_rows(out_NHK).copy_(out.permute({1, 2, 0, 3}));
    }
    context->save_for_backward({q_NHK, k_NJK, v_NJK, out_NHK});
    context->saved_data["scale"] = options.scale;
    context->saved_data["softcap"] = options.softcap;
    context->saved_data["plan"] = c10::IValue::make_capsule(c10::make_intrusive<PlanHolder>(plan));
    return out_NHK;
  }

  // With weights W = softmax(S), O = W V:  dV = W' dO;  dW = dO V';  dS = W (dW - rowsum(dO O));  dQ = scale dS K;
  // dK = scale dS' Q, where a cap multiplies dS by its slope. Own and prefix keys are the two column blocks of W and S.
  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &q_NHK = saved[0], &k_NJK = saved[1], &v_NJK = saved[2];
    const AttentionOptions options{.scale = context->saved_data["scale"].toDouble(),
                                   .softcap = context->saved_data["softcap"].toDouble()};
    const auto holder = c10::static_intrusive_pointer_cast<PlanHolder>(context->saved_data["plan"].toCapsule());
    Gradients g{at::empty_like(q_NHK, at::MemoryFormat::Contiguous),
                at::zeros_like(k_NJK, at::MemoryFormat::Contiguous),
                at::zeros_like(v_NJK, at::MemoryFormat::Contiguous)};
    const Tensor dout_NHK = grads[0].contiguous();
    for (const AttentionBlock& block : holder->plan->blocks) {
      const BlockView view(block, *holder->plan, q_NHK.size(1));
      block_backward(view, saved, dout_NHK, options, g);
    }
    return {g.q_NHK, g.k_NJK, g.v_NJK, Tensor(), Tensor()};
  }

 private:
  struct PlanHolder : torch::CustomClassHolder {
    explicit PlanHolder(std::shared_ptr<const AttentionPlan> p) : plan(std::move(p)) {}
    std::shared_ptr<const AttentionPlan> plan;
  };
  struct Gradients {
    Tensor q_NHK, k_NJK, v_NJK;
  };

  static void block_backward(const BlockView& view, const variable_list& saved, const Tensor& dout_NHK,
                             const AttentionOptions& options, Gradients& g) {
    const Tensor q = view.by_head(view.query_rows(saved[0]));
    const Tensor own_k = view.by_head(view.own_rows(saved[1])), own_v = view.by_head(view.own_rows(saved[2]));
    Tensor prefix_k, prefix_v;
    if (view.has_prefix()) {
      prefix_k = view.by_head(view.prefix_rows(saved[1]));
      prefix_v = view.by_head(view.prefix_rows(saved[2]));
    }
    const auto [weights, cap_slope] = view.weights(q, own_k, prefix_k, options);
    const Tensor dout = view.by_head(view.query_rows(dout_NHK));
    const Tensor out = view.by_head(view.query_rows(saved[3]));
    const Tensor delta = (at_least_float(dout) * at_least_float(out)).sum(-1, /*keepdim=*/true);

    Tensor dweights =
        at::bmm(view.each(dout), view.each(own_v).transpose(1, 2)).view({q.size(0), q.size(1), q.size(2), -1});
    if (view.has_prefix()) {
      const Tensor shared = at::bmm(view.flat(dout), view.flat(prefix_v).transpose(1, 2));
      dweights = at::cat({shared.view({q.size(0), q.size(1), q.size(2), -1}), dweights}, -1);
    }
    Tensor wide_dscores = (at_least_float(dweights) - delta).mul_(at_least_float(weights)).mul_(options.scale);
    if (cap_slope.defined()) wide_dscores.mul_(cap_slope);
    const Tensor dscores = wide_dscores.to(q.scalar_type());

    const int64_t kv_heads = saved[1].size(1);
    Tensor dq = at::bmm(view.own_part(dscores), view.each(own_k)).view_as(q);
    add_to(view.own_rows(g.k_NJK), at::bmm(view.own_part(dscores).transpose(1, 2), view.each(q)).view_as(own_k),
           kv_heads);
    add_to(view.own_rows(g.v_NJK), at::bmm(view.own_part(weights).transpose(1, 2), view.each(dout)).view_as(own_v),
           kv_heads);
    if (view.has_prefix()) {
      dq.add_(at::bmm(view.prefix_part(dscores), view.flat(prefix_k)).view_as(q));
      const Tensor dk = at::bmm(view.prefix_part(dscores).transpose(1, 2), view.flat(q)).view_as(prefix_k);
      const Tensor dv = at::bmm(view.prefix_part(weights).transpose(1, 2), view.flat(dout)).view_as(prefix_v);
      add_to(view.prefix_rows(g.k_NJK), dk, kv_heads);
      add_to(view.prefix_rows(g.v_NJK), dv, kv_heads);
    }
    view.query_rows(g.q_NHK).copy_(BlockView::back_to_rows(dq, q.size(0)));
  }

  static void add_to(Tensor rows, const Tensor& gradient, int64_t kv_heads) {
    rows.add_(BlockView::back_to_rows(gradient, kv_heads));
  }
};

}  // namespace

std::shared_ptr<const AttentionPlan> plan_attention(const ForestLayout& layout, int64_t heads, int64_t window) {
  auto plan = std::make_shared<AttentionPlan>();
  plan->bidirectional = layout.bidirectional;
  plan->window = window;
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
                        const std::shared_ptr<const AttentionPlan>& plan, const AttentionOptions& options) {
  expect_shape(k_NJK, {q_NHK.size(0), kAny, q_NHK.size(2)}, "k_NJK");
  expect_shape(v_NJK, {q_NHK.size(0), k_NJK.size(1), q_NHK.size(2)}, "v_NJK");
  RONDO_ASSERT(q_NHK.size(1) % k_NJK.size(1) == 0, "query heads are a multiple of key/value heads");
  return ForestAttention::apply(q_NHK, k_NJK, v_NJK, plan, options);
}

}  // namespace rondo::nn
