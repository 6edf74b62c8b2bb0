// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/embedding.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>
#include <ATen/ops/index_select.h>

#include "rondo/base/error.h"

namespace rondo::nn {

namespace {

Tensor position_rows(const PackedBatch& batch, int64_t padding_id) {
  if (padding_id < 0) return batch.positions_N;
  RONDO_ASSERT(batch.layout.bidirectional, "whole sequences are counted");
  const Tensor counts_N = (batch.ids_N != padding_id).to(at::kLong);
  const Tensor before_N = counts_N.cumsum(0) - counts_N;
  const Tensor first_row_N = at::arange(batch.ids_N.size(0), batch.ids_N.options()) - batch.positions_N;
  return (before_N - before_N.index_select(0, first_row_N) + 1) * counts_N + padding_id;
}

}  // namespace

Tensor embed(const Tensor& table_VD, const Tensor& ids_N, const NumberRange& range, const char* what) {
  if (range.low < 0 || range.high >= table_VD.size(0)) {
    throw ModelError("number " + std::to_string(range.low < 0 ? range.low : range.high) +
                     " is outside the embedding table of " + std::to_string(table_VD.size(0)) + " rows: " + what);
  }
  return at::embedding(table_VD, ids_N);
}

Tensor Embeddings::forward(const PackedBatch& batch) const {
  const BatchRanges ranges = batch.number_ranges();
  Tensor x_ND = embed(tokens_VD, batch.ids_N, ranges.ids, "token ids; the tokenizer belongs to another model");
  if (scale != 1) x_ND = x_ND * at::full({}, scale, x_ND.options());
  if (types_YD.defined()) {
    x_ND = x_ND + (batch.type_ids_N.defined() ? embed(types_YD, batch.type_ids_N, ranges.types, "token types")
                                              : types_YD.narrow(0, 0, 1));
  }
  if (positions_SD.defined()) {
    // The last token of a sequence of n tokens has row padding_id + n at most.
    const int64_t shift = padding_id < 0 ? 0 : padding_id + 1;
    x_ND = x_ND + embed(positions_SD, position_rows(batch, padding_id),
                        {ranges.positions.low, ranges.positions.high + shift},
                        "positions; a sequence is longer than the model's position table");
  }
  return norm.forward(x_ND);
}

}  // namespace rondo::nn
