// SPDX-License-Identifier: Apache-2.0
// Activation checkpointing: a block keeps its input only and runs again in the backward pass (arXiv:1604.06174).
#pragma once

#include <functional>

#include "rondo/base/tensor.h"

namespace rondo::nn {

/// block(x) with the same values and gradients (of x and of every parameter the block touches), but no stored
/// activations. `anchor` is any parameter that requires a gradient, so that a block on a constant input is not cut off.
Tensor recompute(const std::function<Tensor(const Tensor&)>& block, const Tensor& x_ND, const Tensor& anchor);

}  // namespace rondo::nn
