// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/transition.h"

#include <ATen/TensorOperators.h>

namespace rondo::nn {

Tensor Transition::forward(const Tensor& x_RD) const {
  return norm.forward(activate(activation, dense.forward(x_RD.to(dense.weight.scalar_type()))));
}

}  // namespace rondo::nn
