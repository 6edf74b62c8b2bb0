// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/forest_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

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

// Cuts one run into blocks: several whole segments where they are short, a range of rows of one segment where long.
void add_blocks(const SegmentRun& run, int64_t prefix_begin, int64_t prefix_length, int64_t heads,
                AttentionPlan& plan) {
  const int64_t keys = prefix_length + run.length;
  const int64_t per_segment = heads * run.length * keys;
  AttentionBlock block{.segment_begin = run.begin,
                       .segment_length = run.length,
                       .count = run.count,
                       .row_begin = 0,
                       .rows = run.length,
                       .prefix_begin = prefix_begin,
                       .prefix_length = prefix_length};
  if (per_segment <= kBlockElements) {
    const int64_t together = std::max<int64_t>(1, kBlockElements / std::max<int64_t>(1, per_segment));
    for (int64_t first = 0; first < run.count; first += together) {
      block.segment_begin = run.begin + first * run.length;
      block.count = std::min(together, run.count - first);
      plan.blocks.push_back(block);
    }
    return;
  }
  const int64_t rows = std::max<int64_t>(1, kBlockElements / (heads * keys));
  block.count = 1;
  for (int64_t segment = 0; segment < run.count; ++segment) {
    block.segment_begin = run.begin + segment * run.length;
    for (int64_t row = 0; row < run.length; row += rows) {
      block.row_begin = row;
      block.rows = std::min(rows, run.length - row);
      plan.blocks.push_back(block);
    }
  }
}

// The operands of one block, heads first: q [H, count * rows, K], own keys [H * count, keys, K], prefix keys [H, P, K].
class BlockView {
 public:
  BlockView(const AttentionBlock& block, bool bidirectional, int64_t heads)
      : b_(block),
        heads_(heads),
        own_(bidirectional ? block.segment_length : block.row_begin + block.rows),
        causal_(!bidirectional) {}

  int64_t own_keys() const { return own_; }

  // Rows [from, from + rows) of every segment of the block, as [count, rows, heads of x, K] without a copy.
  Tensor rows_of(const Tensor& x, int64_t from, int64_t rows) const {
    return x.narrow(0, b_.segment_begin, b_.count * b_.segment_length)
        .view({b_.count, b_.segment_length, x.size(1), x.size(2)})
        .narrow(1, from, rows);
  }
  Tensor query_rows(const Tensor& x) const { return rows_of(x, b_.row_begin, b_.rows); }
  Tensor own_rows(const Tensor& x) const { return rows_of(x, 0, own_); }
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

  // Attention weights [H, count, rows, P + own] in the type of q.
  Tensor weights(const Tensor& q, const Tensor& own_k, const Tensor& prefix_k, double scale) const {
    Tensor scores = at::bmm(each(q), each(own_k).transpose(1, 2)).view({heads_, b_.count, b_.rows, own_});
    if (causal_ && b_.rows > 1) scores = scores + triangle(scores);
    if (b_.prefix_length > 0) {
      const Tensor shared = at::bmm(flat(q), flat(prefix_k).transpose(1, 2));
      scores = at::cat({shared.view({heads_, b_.count, b_.rows, b_.prefix_length}), scores}, -1);
    }
    return at::softmax(at_least_float(scores).mul_(scale), -1).to(q.scalar_type());
  }

  // Splits [H, count, rows, P + own] into the two products' matrices, without copies.
  Tensor prefix_part(const Tensor& w) const {
    return w.view({heads_, b_.count * b_.rows, b_.prefix_length + own_}).narrow(-1, 0, b_.prefix_length);
  }
  Tensor own_part(const Tensor& w) const {
    return w.view({heads_ * b_.count, b_.rows, b_.prefix_length + own_}).narrow(-1, b_.prefix_length, own_);
  }
  bool has_prefix() const { return b_.prefix_length > 0; }
  std::vector<int64_t> query_shape(const Tensor& q) const { return {heads_, b_.count, b_.rows, q.size(-1)}; }

 private:
  // -infinity above the diagonal: query row_begin + t sees own keys up to row_begin + t.
  Tensor triangle(const Tensor& like) const {
    return at::full({b_.rows, own_}, -std::numeric_limits<double>::infinity(), like.options()).triu_(b_.row_begin + 1);
  }

  const AttentionBlock& b_;
  int64_t heads_;
  int64_t own_;
  bool causal_;
};

struct ForestAttention : torch::autograd::Function<ForestAttention> {
  static Tensor forward(AutogradContext* context, const Tensor& q_NHK, const Tensor& k_NJK, const Tensor& v_NJK,
                        const std::shared_ptr<const AttentionPlan>& plan, double scale) {
    Tensor out_NHK = at::empty_like(q_NHK, at::MemoryFormat::Contiguous);
    const int64_t heads = q_NHK.size(1);
    for (const AttentionBlock& block : plan->blocks) {
      const BlockView view(block, plan->bidirectional, heads);
      const Tensor q = view.by_head(view.query_rows(q_NHK));
      const Tensor prefix_k = view.has_prefix() ? view.by_head(view.prefix_rows(k_NJK)) : Tensor();
      const Tensor weights = view.weights(q, view.by_head(view.own_rows(k_NJK)), prefix_k, scale);
      Tensor out =
          at::bmm(view.own_part(weights), view.each(view.by_head(view.own_rows(v_NJK)))).view(view.query_shape(q));
      if (view.has_prefix()) {
        const Tensor prefix_v = view.by_head(view.prefix_rows(v_NJK));
        out.add_(at::bmm(view.prefix_part(weights), view.flat(prefix_v)).view(view.query_shape(q)));
      }
      view.query_rows(out_NHK).copy_(out.permute({1, 2, 0, 3}));
    }
    context->save_for_backward({q_NHK, k_NJK, v_NJK, out_NHK});
    context->saved_data["scale"] = scale;
    context->saved_data["plan"] = c10::IValue::make_capsule(c10::make_intrusive<PlanHolder>(plan));
    return out_NHK;
  }

  // With weights W = softmax(S), O = W V:  dV = W' dO;  dW = dO V';  dS = W (dW - rowsum(dO O));  dQ = scale dS K;
  // dK = scale dS' Q. Own and prefix keys are the two column blocks of W and S.
  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &q_NHK = saved[0], &k_NJK = saved[1], &v_NJK = saved[2];
    const double scale = context->saved_data["scale"].toDouble();
    const auto holder = c10::static_intrusive_pointer_cast<PlanHolder>(context->saved_data["plan"].toCapsule());
    Gradients g{at::empty_like(q_NHK, at::MemoryFormat::Contiguous),
                at::zeros_like(k_NJK, at::MemoryFormat::Contiguous),
                at::zeros_like(v_NJK, at::MemoryFormat::Contiguous)};
    const Tensor dout_NHK = grads[0].contiguous();
    for (const AttentionBlock& block : holder->plan->blocks) {
      const BlockView view(block, holder->plan->bidirectional, q_NHK.size(1));
      block_backward(view, saved, dout_NHK, scale, g);
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

  static void block_backward(const BlockView& view, const variable_list& saved, const Tensor& dout_NHK, double scale,
                             Gradients& g) {
    const Tensor q = view.by_head(view.query_rows(saved[0]));
    const Tensor own_k = view.by_head(view.own_rows(saved[1])), own_v = view.by_head(view.own_rows(saved[2]));
    Tensor prefix_k, prefix_v;
    if (view.has_prefix()) {
      prefix_k = view.by_head(view.prefix_rows(saved[1]));
      prefix_v = view.by_head(view.prefix_rows(saved[2]));
    }
    const Tensor weights = view.weights(q, own_k, prefix_k, scale);
    const Tensor dout = view.by_head(view.query_rows(dout_NHK));
    const Tensor out = view.by_head(view.query_rows(saved[3]));
    const Tensor delta = (at_least_float(dout) * at_least_float(out)).sum(-1, /*keepdim=*/true);

    Tensor dweights =
        at::bmm(view.each(dout), view.each(own_v).transpose(1, 2)).view({q.size(0), q.size(1), q.size(2), -1});
    if (view.has_prefix()) {
      const Tensor shared = at::bmm(view.flat(dout), view.flat(prefix_v).transpose(1, 2));
      dweights = at::cat({shared.view({q.size(0), q.size(1), q.size(2), -1}), dweights}, -1);
    }
    const Tensor dscores =
        (at_least_float(dweights) - delta).mul_(at_least_float(weights)).mul_(scale).to(q.scalar_type());

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

std::shared_ptr<const AttentionPlan> plan_attention(const ForestLayout& layout, int64_t heads) {
  auto plan = std::make_shared<AttentionPlan>();
  plan->bidirectional = layout.bidirectional;
  for (const SegmentTree& tree : layout.trees) {
    RONDO_ASSERT(!layout.bidirectional || tree.prefix_length == 0, "encoders share no prefix");
    if (tree.prefix_length > 0) {
      add_blocks({.begin = tree.prefix_begin, .count = 1, .length = tree.prefix_length}, 0, 0, heads, *plan);
    }
    for (const SegmentRun& run : tree.runs) add_blocks(run, tree.prefix_begin, tree.prefix_length, heads, *plan);
  }
  return plan;
}

Tensor forest_attention(const Tensor& q_NHK, const Tensor& k_NJK, const Tensor& v_NJK,
                        const std::shared_ptr<const AttentionPlan>& plan, double scale) {
  expect_shape(k_NJK, {q_NHK.size(0), kAny, q_NHK.size(2)}, "k_NJK");
  expect_shape(v_NJK, {q_NHK.size(0), k_NJK.size(1), q_NHK.size(2)}, "v_NJK");
  RONDO_ASSERT(q_NHK.size(1) % k_NJK.size(1) == 0, "query heads are a multiple of key/value heads");
  return ForestAttention::apply(q_NHK, k_NJK, v_NJK, plan, scale);
}

}  // namespace rondo::nn
