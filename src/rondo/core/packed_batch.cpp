// SPDX-License-Identifier: Apache-2.0
#include "rondo/core/packed_batch.h"

#include <numeric>

namespace rondo {

int64_t PackedBatch::response_count() const {
  return std::accumulate(group_sizes.begin(), group_sizes.end(), int64_t{0});
}

PackedBatch PackedBatch::to(const at::Device& device) const {
  PackedBatch moved = *this;
  for (Tensor* tensor :
       {&moved.ids_N, &moved.positions_N, &moved.type_ids_N, &moved.pool_rows_T, &moved.pool_offsets_R,
        &moved.gate_rows_G, &moved.pair_index_Q, &moved.lm_rows_T, &moved.lm_targets_T, &moved.lm_responses_T}) {
    if (tensor->defined()) *tensor = tensor->to(device);
  }
  return moved;
}

}  // namespace rondo
