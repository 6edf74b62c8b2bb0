// SPDX-License-Identifier: Apache-2.0
// A group after tokenisation: what packing, training and scoring work on.
#pragma once

#include <cstdint>
#include <vector>

#include "rondo/core/group.h"

namespace rondo {

/// One response as the whole token sequence of its conversation. Its state is the mean of the hidden states at
/// positions [pool_begin, pool_end); a single position for every pooling but `mean`. response_begin is the first token
/// that overlaps the response's text.
struct TokenResponse {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;  // token types of encoders, one per token; empty = all 0
  int64_t pool_begin = 0;
  int64_t pool_end = 0;
  int64_t response_begin = 0;
  int32_t text_length = 0;  // code points of the response's text, for length baselines
  /// Positions that are read one by one, instead of the pooled span (PairRM's marks).
  std::vector<int64_t> marks;
};

/// What a pairwise model reads: one sequence in which response i stands first and response j second.
struct TokenPair {
  int32_t i = 0;
  int32_t j = 0;
  TokenResponse sequence;
};

/// What of a group a model can tell apart: responses with the same tokens are one here. The comparisons name responses
/// by index and are sorted by (i, j).
///   gate_ids   the prompt alone, whose last token a gate reads; empty where the prompt is
///   places     for each response of the group that was tokenised, its place in `responses`; -1 where it was dropped
///   numbers    for each of `comparisons`, its number among those of the group that was tokenised
///   undecided  numbers of the comparisons between responses with the same tokens: they score 0, whatever the model
struct TokenGroup {
  std::vector<TokenResponse> responses;
  std::vector<Comparison> comparisons;
  std::vector<int32_t> gate_ids;
  std::vector<int64_t> places;
  std::vector<int32_t> numbers;
  std::vector<int32_t> undecided;
  /// Pairwise models: ordered pairs, sorted by (i, j). The responses have no tokens of their own then.
  bool is_pairwise = false;
  std::vector<TokenPair> pairs;

  /// Places of a row's responses, in the row's order, -1 for those that were dropped.
  std::vector<int64_t> places_of(const SourceRow& row) const {
    std::vector<int64_t> found;
    for (const int32_t response : row.responses) found.push_back(places[static_cast<size_t>(response)]);
    return found;
  }

  /// What goes through the model: one sequence a response, or one an ordered pair.
  int64_t sequence_count() const { return static_cast<int64_t>(is_pairwise ? pairs.size() : responses.size()); }
  const TokenResponse& sequence(int64_t k) const {
    return is_pairwise ? pairs[static_cast<size_t>(k)].sequence : responses[static_cast<size_t>(k)];
  }
};

}  // namespace rondo
