// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/linear.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>

#include "rondo/nn/lora.h"

namespace rondo::nn {

Tensor Linear::forward(const Tensor& x) const {
  const Tensor y = at::linear(x, weight_is_in_out ? weight.t() : weight, bias);
  if (!adapter) return y;
  return (y + adapter->forward(x)).to(y.scalar_type());
}

Tensor Linear::trained() const {
  if (weight.defined() && weight.requires_grad()) return weight;
  return adapter && adapter->a.requires_grad() ? adapter->a : Tensor();
}

}  // namespace rondo::nn
