// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/embedding.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>

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

Tensor embed(const Tensor& table_VD, const Tensor& ids_N, const char* what) {
  if (ids_N.numel() > 0) {
    const auto low = ids_N.min().item<int64_t>(), high = ids_N.max().item<int64_t>();
    if (low < 0 || high >= table_VD.size(0)) {
      throw ModelError("number " + std::to_string(low < 0 ? low : high) + " is outside the embedding table of " +
                       std::to_string(table_VD.size(0)) + " rows: " + what);
    }
  }
  return at::embedding(table_VD, ids_N);
}

Tensor Embeddings::forward(const PackedBatch& batch) const {
  Tensor x_ND = embed(tokens_VD, batch.ids_N, "token ids; the tokenizer belongs to another model");
  if (scale != 1) x_ND = x_ND * at::full({}, scale, x_ND.options());
  if (types_YD.defined()) {
    x_ND = x_ND +
           (batch.type_ids_N.defined() ? embed(types_YD, batch.type_ids_N, "token types") : types_YD.narrow(0, 0, 1));
  }
  if (positions_SD.defined()) {
    x_ND = x_ND + embed(positions_SD, position_rows(batch, padding_id),
                        "positions; a sequence is longer than the model's position table");
  }
  return norm.forward(x_ND);
}

}  // namespace rondo::nn
