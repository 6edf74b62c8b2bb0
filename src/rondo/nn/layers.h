// SPDX-License-Identifier: Apache-2.0
// Layers shared by families: free functions on tensors. Families differ through the values they pass.
#pragma once

#include "rondo/base/tensor.h"

namespace rondo::nn {

/// x / sqrt(mean(x^2) + eps) * weight, the quotient in float32 (arXiv:1910.07467). Same dtype as x.
Tensor rms_norm(const Tensor& x_ND, const Tensor& weight_D, double eps);

/// down( silu(gate(x)) * up(x) ) (arXiv:2002.05202).
struct SwiGlu {
  Tensor gate_FD, up_FD, down_DF;
  Tensor forward(const Tensor& x_ND) const;
};

/// Rows of an embedding table; ids_N int64. Throws ModelError where an id is outside the table.
Tensor embed(const Tensor& table_VD, const Tensor& ids_N);

}  // namespace rondo::nn
