// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/embedding.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>

#include "rondo/base/error.h"

namespace rondo::nn {

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
    x_ND = x_ND + embed(positions_SD, batch.positions_N + first_position,
                        "positions; a sequence is longer than the model's position table");
  }
  return norm.forward(x_ND);
}

}  // namespace rondo::nn
