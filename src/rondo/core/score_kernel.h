// SPDX-License-Identifier: Apache-2.0
// Scores of all labelled comparisons of a batch, by matrix products over whole groups, never one by one.
//
// Groups of equal size are stacked, their tables made by one batched product, and the comparisons picked from the
// flattened tables by index.
#pragma once

#include <cstdint>
#include <vector>

#include "rondo/base/tensor.h"
#include "rondo/core/preference_table.h"

namespace rondo {

/// What a head says of a batch: R responses of G groups. Undefined parts are absent (core/preference_table.h).
struct HeadOutput {
  Tensor rewards_R;
  Tensor embeddings_RE;
  Tensor gate_GP;

  /// Pairwise heads: what each sequence says of the first of its two responses, in score units, and where that ordered
  /// pair stands in the flattened tables. A pair that no sequence showed counts as even.
  Tensor pair_logits_Q;
  Tensor pair_index_Q;  // int64
  OrderAverage order_average = OrderAverage::kScores;
  double tau = 1;  // of OrderAverage::kProbabilities

  /// The table of one group whose responses are rows [begin, begin + count); of a pairwise head, the only group.
  PreferenceTable group_table(int64_t group, int64_t begin, int64_t count) const;
};

/// Where the table entries of a batch's groups lie once the tables of all groups are flattened, bucket by bucket.
class TableLayout {
 public:
  explicit TableLayout(const std::vector<int64_t>& group_sizes);

  /// Index of s(i, j) of a group in the vector that all_scores returns.
  int64_t index(int64_t group, int64_t i, int64_t j) const;
  /// Every group's M x M table, flattened: [sum of M^2].
  Tensor all_scores(const HeadOutput& output) const;

 private:
  struct Bucket {
    int64_t size = 0;  // responses per group
    std::vector<int64_t> groups;
    std::vector<int64_t> first_rows;
  };
  Tensor pairwise_scores(const HeadOutput& output) const;

  std::vector<int64_t> sizes_;
  std::vector<int64_t> offsets_;
  std::vector<Bucket> buckets_;
};

/// Labelled comparisons of a batch beside their place in its tables.
struct ComparisonBatch {
  Tensor table_index_C;  // int64, into TableLayout::all_scores
  Tensor p_C, tie_C, weight_C, margin_C;
  Tensor left_C, right_C;  // int64, rows of the responses in the batch

  int64_t count() const { return table_index_C.defined() ? table_index_C.numel() : 0; }
  ComparisonBatch to(const at::Device& device) const;
};

}  // namespace rondo
