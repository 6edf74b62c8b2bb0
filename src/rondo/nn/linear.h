// SPDX-License-Identifier: Apache-2.0
// One affine map, on the tensors as the checkpoint stores them.
#pragma once

#include <memory>

#include "rondo/base/tensor.h"

namespace rondo::nn {

struct LoraAdapter;

/// y = x W' + b over the last dimension of x, and what an adapter adds (nn/lora.h).
struct Linear {
  Tensor weight;                  // [out, in]
  Tensor bias;                    // [out], undefined where there is none
  bool weight_is_in_out = false;  // weight is [in, out] (GPT-2)
  std::shared_ptr<const LoraAdapter> adapter = nullptr;

  Tensor forward(const Tensor& x) const;
  /// A tensor of this map that is trained; undefined where all of it is frozen.
  Tensor trained() const;
};

}  // namespace rondo::nn
