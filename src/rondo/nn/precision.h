// SPDX-License-Identifier: Apache-2.0
// Where precision is decided: norms, softmax, heads, scores and losses run in float32 or wider whatever the weights'
// type.
#pragma once

#include <ATen/core/Tensor.h>

namespace rondo::nn {

/// float32 for half types; float32 and float64 stay.
inline at::ScalarType at_least_float(at::ScalarType type) {
  return type == at::kBFloat16 || type == at::kHalf ? at::kFloat : type;
}

inline at::Tensor at_least_float(const at::Tensor& x) { return x.to(at_least_float(x.scalar_type())); }

}  // namespace rondo::nn
