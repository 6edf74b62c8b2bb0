// SPDX-License-Identifier: Apache-2.0
// One affine map, on the tensors as the checkpoint stores them.
#pragma once

#include "rondo/base/tensor.h"

namespace rondo::nn {

/// y = x W' + b over the last dimension of x.
struct Linear {
  Tensor weight;                  // [out, in]
  Tensor bias;                    // [out], undefined where there is none
  bool weight_is_in_out = false;  // weight is [in, out] (GPT-2)

  Tensor forward(const Tensor& x) const;
};

}  // namespace rondo::nn
