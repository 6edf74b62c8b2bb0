// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/feed_forward.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tanh.h>

#include "rondo/base/error.h"

namespace rondo::nn {

Tensor activate(Activation activation, const Tensor& x) {
  switch (activation) {
    case Activation::kSilu:
      return at::silu(x);
    case Activation::kGelu:
      return at::gelu(x);
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kRelu:
      return at::relu(x);
    case Activation::kTanh:
      return at::tanh(x);
  }
  throw InternalError("an activation without a formula");
}

Tensor FeedForward::forward(const Tensor& x_ND) const {
  const Tensor in_NF = in.forward(x_ND);
  switch (gating) {
    case Gate::kNone:
      return out.forward(activate(activation, in_NF));
    case Gate::kSeparate:
      return out.forward(activate(activation, gate.forward(x_ND)) * in_NF);
    case Gate::kStacked: {
      const int64_t size = in_NF.size(-1) / 2;
      return out.forward(activate(activation, in_NF.narrow(-1, 0, size)) * in_NF.narrow(-1, size, size));
    }
  }
  throw InternalError("a feed-forward block without a formula");
}

}  // namespace rondo::nn
