// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/linear.h"

#include <ATen/ops/linear.h>

namespace rondo::nn {

Tensor Linear::forward(const Tensor& x) const { return at::linear(x, weight_is_in_out ? weight.t() : weight, bias); }

}  // namespace rondo::nn
