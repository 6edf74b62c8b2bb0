// SPDX-License-Identifier: Apache-2.0
// Token ids to the first hidden states: token, position and type tables, scaled and normed as the family says.
#pragma once

#include "rondo/base/tensor.h"
#include "rondo/core/packed_batch.h"
#include "rondo/nn/norm.h"

namespace rondo::nn {

/// Rows of an embedding table; ids_N int64, all of them within `range`. Throws ModelError where that is outside the
/// table; `what` names the ids and says what may be wrong.
Tensor embed(const Tensor& table_VD, const Tensor& ids_N, const NumberRange& range, const char* what);

/// norm( scale tokens[id] + types[type] + positions[position] ); what is undefined is left out.
struct Embeddings {
  Tensor tokens_VD;
  Tensor positions_SD;
  Tensor types_YD;   // row 0 where a batch has no types
  double scale = 1;  // rounded to the type of the table before the product
  /// Encoders that count from behind their padding id (RoBERTa): the n-th token that is not padding has row padding_id
  /// + n, padding itself row padding_id. -1 = rows are positions.
  int64_t padding_id = -1;
  Norm norm;

  Tensor forward(const PackedBatch& batch) const;
};

}  // namespace rondo::nn
