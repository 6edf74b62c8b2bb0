// SPDX-License-Identifier: Apache-2.0
// A packed batch: a forest of token segments without padding.
//
// Each tree is one prefix (the longest common token prefix of a group's responses, computed once) and the remainders of
// its responses, which attend to that prefix and causally to themselves. Tokens of a tree lie together: first the
// prefix, then its runs. A run is a block of segments of equal length, one after the other, so that attention over a
// run is one batched product. Position numbers of a segment continue from its prefix.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rondo/base/tensor.h"

namespace rondo {

/// `count` segments of `length` tokens each, in rows [begin, begin + count * length).
struct SegmentRun {
  int64_t begin = 0;
  int64_t count = 0;
  int64_t length = 0;
};

/// Rows [prefix_begin, prefix_begin + prefix_length) and the runs that continue them.
struct SegmentTree {
  int64_t prefix_begin = 0;
  int64_t prefix_length = 0;
  std::vector<SegmentRun> runs;
};

/// How the tokens of a batch see each other.
///   bidirectional: encoders; every token of a segment sees the whole segment (such trees have no prefix).
struct ForestLayout {
  std::vector<SegmentTree> trees;
  int64_t token_count = 0;
  bool bidirectional = false;
};

/// The smallest and the largest of some numbers; of none, low is above high.
struct NumberRange {
  int64_t low = 0;
  int64_t high = -1;
};

/// Which rows of embedding tables a batch asks for.
struct BatchRanges {
  NumberRange ids, positions, types;
};

/// N tokens, R responses, G groups; responses of a group are consecutive and in the group's order. Where a pairwise
/// model reads, Q sequences of two responses each take the place of the R.
struct PackedBatch {
  ForestLayout layout;
  Tensor ids_N;        // int64
  Tensor positions_N;  // int64, from 0 at the first token of a tree
  Tensor type_ids_N;   // int64, token types of encoders; undefined = all 0

  // Pooling: reading r is the mean of the rows pool_rows[pool_offsets[r] .. pool_offsets[r + 1]). One reading a
  // sequence, or one a mark.
  Tensor pool_rows_T;     // int64
  Tensor pool_offsets_R;  // int64, [readings + 1]

  // Pairwise models: where the ordered pair of each sequence stands in the flattened tables (core/score_kernel.h).
  Tensor pair_index_Q;  // int64

  // Gate: row of the last token of each group's prompt, as the prompt is tokenised alone; undefined where no head asks
  // for a gate. The prompt is a segment of its own where it is no part of the prefix.
  Tensor gate_rows_G;  // int64

  // Language-model targets of chosen responses: the state of row lm_rows predicts the token lm_targets of the response
  // lm_responses. Undefined where nobody asked for them.
  Tensor lm_rows_T;       // int64
  Tensor lm_targets_T;    // int64
  Tensor lm_responses_T;  // int64, in [0, R)

  std::vector<int64_t> group_sizes;  // responses of each group; sums to R

  // Of a batch that `to` moved: noted while its numbers were on the CPU. Use number_ranges().
  std::optional<BatchRanges> noted_ranges;

  int64_t response_count() const;
  int64_t reading_count() const { return pool_offsets_R.numel() - 1; }
  int64_t group_count() const { return static_cast<int64_t>(group_sizes.size()); }
  /// Of ids_N, positions_N and type_ids_N; nobody waits for a device to know them.
  BatchRanges number_ranges() const;
  PackedBatch to(const at::Device& device) const;
};

}  // namespace rondo
