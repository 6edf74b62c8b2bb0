// SPDX-License-Identifier: Apache-2.0
// Attention over a forest of segments (core/packed_batch.h): the queries of a segment see the whole prefix of their
// tree and their own segment causally. The prefix is computed once, and its gradient is the sum over all that saw it.
//
//   out(t) = softmax( scale q(t) [ K_prefix ; K_own(<= t) ]' ) [ V_prefix ; V_own(<= t) ]
//
// Options: position terms in the scores (nn/relative_positions.h), scores capped by cap tanh(score / cap) before the
// mask (arXiv:2408.00118), a window of positions, and encoders, whose segments see themselves in both directions and
// share no prefix.
//
// Exact softmax over real keys only: there is no padding; keys that no query of a block sees are not touched. Work is
// cut into blocks of bounded size, in the backward pass too, which recomputes the weights block by block
// (arXiv:2205.14135).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "rondo/base/tensor.h"
#include "rondo/core/packed_batch.h"
#include "rondo/nn/relative_positions.h"

namespace rondo::nn {

/// One block of queries: `count` segments, of each the rows [row_begin, row_begin + rows), against the last
/// `prefix_length` keys of the shared prefix and the keys [own_begin, own_begin + own_keys) of the segment itself.
struct AttentionBlock {
  int64_t segment_begin = 0;   // row of the first segment in the batch
  int64_t segment_length = 0;  // rows from one segment to the next
  int64_t count = 0;
  int64_t row_begin = 0;
  int64_t rows = 0;
  int64_t prefix_begin = 0;
  int64_t prefix_length = 0;
  int64_t own_begin = 0;
  int64_t own_keys = 0;
};

/// The blocks of a layout, made once per batch and window and shared by the layers that have that window.
struct AttentionPlan {
  std::vector<AttentionBlock> blocks;
  bool bidirectional = false;
  int64_t window = 0;
};

/// heads: query heads, which multiply the size of a block. window: a query sees keys less than `window` positions away
/// (itself is at distance 0); 0 = all.
std::shared_ptr<const AttentionPlan> plan_attention(const ForestLayout& layout, int64_t heads, int64_t window = 0);

struct AttentionOptions {
  double scale = 1;
  double softcap = 0;  // 0 = none
};

/// q_NHK [N, H, K], k_NJK and v_NJK [N, J, K] with H a multiple of J (grouped queries). Returns [N, H, K].
/// relative: of encoders whose J is H; without tables there are no position terms.
Tensor forest_attention(const Tensor& q_NHK, const Tensor& k_NJK, const Tensor& v_NJK,
                        const std::shared_ptr<const AttentionPlan>& plan, const AttentionOptions& options,
                        const RelativeTables& relative = {});

}  // namespace rondo::nn
