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
};

/// gate_pos: position of the last token wholly inside the prompt's rendering, the smallest over the group; -1 where the
/// prompt is empty. The comparisons name responses by index and are sorted by (i, j).
struct TokenGroup {
  std::vector<TokenResponse> responses;
  std::vector<Comparison> comparisons;
  int64_t gate_pos = -1;
};

}  // namespace rondo
