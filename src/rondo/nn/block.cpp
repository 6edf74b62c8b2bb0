// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/block.h"

#include <ATen/TensorOperators.h>

namespace rondo::nn {

Tensor Block::forward(const Tensor& x_ND, const AttentionPass& pass) const {
  const Tensor attended_ND = x_ND + attention_out_norm.forward(attention.forward(attention_norm.forward(x_ND), pass));
  const Tensor h_ND = attention_sum_norm.forward(attended_ND);
  const Tensor& mlp_input_ND = parallel ? x_ND : h_ND;
  return mlp_sum_norm.forward(h_ND + mlp_out_norm.forward(mlp.forward(mlp_norm.forward(mlp_input_ND))));
}

Tensor Block::trained() const {
  const QkvProjection& qkv = attention.qkv;
  for (const Linear* linear : {&attention.out, &qkv.q, &qkv.k, &qkv.v, &mlp.gate, &mlp.in, &mlp.out}) {
    if (Tensor tensor = linear->trained(); tensor.defined()) return tensor;
  }
  return attention.out.weight;
}

}  // namespace rondo::nn
