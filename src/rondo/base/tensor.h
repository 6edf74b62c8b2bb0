// SPDX-License-Identifier: Apache-2.0
// The bare tensor type, and nothing else of torch: headers stay cheap to include.
#pragma once

#include <ATen/core/Tensor.h>

namespace rondo {
using at::Tensor;
}  // namespace rondo
