// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/self_attention.h"

#include "rondo/base/error.h"

namespace rondo::nn {
namespace {

// [N, heads * size] -> [N, heads, size], normed before where the norm covers all heads, after where it covers one.
Tensor split_heads(const Tensor& x, int64_t size, const Norm& norm) {
  if (norm.weight_D.defined() && norm.weight_D.size(0) == x.size(-1)) return norm.forward(x).unflatten(-1, {-1, size});
  return norm.forward(x.unflatten(-1, {-1, size}));
}

}  // namespace

AttentionPass begin_pass(const AttentionKind& kind, const PackedBatch& batch, int64_t heads, at::ScalarType type) {
  return {.plan = plan_attention(batch.layout, heads, kind.window),
          .rope = rope_tables(kind.rope, batch.positions_N, type),
          .window = kind.window};
}

QkvProjection::Output QkvProjection::forward(const Tensor& x_ND, const Norm& q_norm, const Norm& k_norm) const {
  const Norm none;
  const Tensor first = q.forward(x_ND);
  const int64_t query_size = heads * head_size, key_size = kv_heads * head_size;
  switch (layout) {
    case Layout::kSeparate:
      return {split_heads(first, head_size, q_norm), split_heads(k.forward(x_ND), head_size, k_norm),
              split_heads(v.forward(x_ND), head_size, none)};
    case Layout::kStacked:
      return {split_heads(first.narrow(-1, 0, query_size), head_size, q_norm),
              split_heads(first.narrow(-1, query_size, key_size), head_size, k_norm),
              split_heads(first.narrow(-1, query_size + key_size, key_size), head_size, none)};
    case Layout::kPerHead: {
      const Tensor parts = first.unflatten(-1, {heads, 3, head_size});
      return {q_norm.forward(parts.select(-2, 0)), k_norm.forward(parts.select(-2, 1)), parts.select(-2, 2)};
    }
  }
  throw InternalError("a projection without a layout");
}

Tensor SelfAttention::forward(const Tensor& x_ND, const AttentionPass& pass) const {
  const auto [q, k, v_NJK] = qkv.forward(x_ND, q_norm, k_norm);
  const Tensor q_NHK = rotate(q, pass.rope), k_NJK = rotate(k, pass.rope);
  if (pass.cache != nullptr && !pass.cache->is_recording()) {
    return out.forward(pass.cache->attend(pass.layer, q_NHK, k_NJK, v_NJK, pass.window, options).flatten(1));
  }
  if (pass.cache != nullptr) pass.cache->record(pass.layer, k_NJK, v_NJK);
  const RelativeTables tables = relative.table_SD.defined() ? relative.project(qkv.head_size) : RelativeTables();
  return out.forward(forest_attention(q_NHK, k_NJK, v_NJK, pass.plan, options, tables).flatten(1));
}

}  // namespace rondo::nn
