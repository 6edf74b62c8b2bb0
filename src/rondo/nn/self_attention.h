// SPDX-License-Identifier: Apache-2.0
// The attention half of a block: projections, norms of queries and keys, rotation, forest attention.
#pragma once

#include <memory>
#include <vector>

#include "rondo/core/packed_batch.h"
#include "rondo/nn/forest_attention.h"
#include "rondo/nn/key_value_cache.h"
#include "rondo/nn/linear.h"
#include "rondo/nn/norm.h"
#include "rondo/nn/relative_positions.h"
#include "rondo/nn/rope.h"

namespace rondo::nn {

/// A kind of layer, of which a model has one or two ("full_attention", "sliding_attention"): what it sees, and how
/// positions enter.
struct AttentionKind {
  int64_t window = 0;  // as in plan_attention
  Rope rope;
};

/// What the layers of one kind share in one forward pass.
struct AttentionPass {
  std::shared_ptr<const AttentionPlan> plan;
  RopeTables rope;
  /// Sampling only: where this layer's keys and values are kept. The window is the kind's own: the plan leaves it out
  /// where nothing of its batch lies outside, which later tokens will.
  KeyValueCache* cache = nullptr;
  int64_t window = 0;
  size_t layer = 0;
};

AttentionPass begin_pass(const AttentionKind& kind, const PackedBatch& batch, int64_t heads, at::ScalarType type);

/// How a checkpoint stores the three projections.
struct QkvProjection {
  enum class Layout {
    kSeparate,  // q, k and v are three matrices
    kStacked,   // q gives all queries, then all keys, then all values
    kPerHead,   // q gives the query, key and value of each head in turn (J = H)
  };
  Layout layout = Layout::kSeparate;
  Linear q, k, v;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_size = 0;

  struct Output {
    Tensor q_NHK, k_NJK, v_NJK;
  };
  /// x_ND to heads; the norms see the flat [N, H K] and [N, J K] where they are that wide, each head otherwise.
  Output forward(const Tensor& x_ND, const Norm& q_norm, const Norm& k_norm) const;
};

struct SelfAttention {
  QkvProjection qkv;
  Norm q_norm, k_norm;  // the identity in most families
  Linear out;
  AttentionOptions options;
  RelativePositions relative;  // without table in most families

  Tensor forward(const Tensor& x_ND, const AttentionPass& pass) const;
};

}  // namespace rondo::nn
