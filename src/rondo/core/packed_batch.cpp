// SPDX-License-Identifier: Apache-2.0
#include "rondo/core/packed_batch.h"

#include <ATen/ops/aminmax.h>

#include <numeric>

namespace rondo {
namespace {

NumberRange range_of(const Tensor& numbers) {
  if (!numbers.defined() || numbers.numel() == 0) return {};
  const auto [low, high] = at::aminmax(numbers);
  return {low.item<int64_t>(), high.item<int64_t>()};
}

}  // namespace

BatchRanges PackedBatch::number_ranges() const {
  if (noted_ranges) return *noted_ranges;
  return {range_of(ids_N), range_of(positions_N), range_of(type_ids_N)};
}

int64_t PackedBatch::response_count() const {
  return std::accumulate(group_sizes.begin(), group_sizes.end(), int64_t{0});
}

PackedBatch PackedBatch::to(const at::Device& device) const {
  PackedBatch moved = *this;
  moved.noted_ranges = number_ranges();
  for (Tensor* tensor :
       {&moved.ids_N, &moved.positions_N, &moved.type_ids_N, &moved.pool_rows_T, &moved.pool_offsets_R,
        &moved.gate_rows_G, &moved.pair_index_Q, &moved.lm_rows_T, &moved.lm_targets_T, &moved.lm_responses_T}) {
    if (tensor->defined()) *tensor = tensor->to(device);
  }
  return moved;
}

}  // namespace rondo
