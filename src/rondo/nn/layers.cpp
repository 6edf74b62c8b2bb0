// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/layers.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>
#include <ATen/ops/silu.h>
#include <torch/csrc/autograd/custom_function.h>

#include "rondo/base/error.h"
#include "rondo/base/shapes.h"
#include "rondo/nn/precision.h"

namespace rondo::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// With n = x / rms(x):   y = n w;   dx = ( w dy - n mean(n w dy) ) / rms(x);   dw = sum over rows of n dy.
// Written out because autograd on the pieces takes three times the passes over x.
struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static Tensor forward(AutogradContext* context, const Tensor& x_ND, const Tensor& weight_D, double eps) {
    const Tensor wide_ND = at_least_float(x_ND);
    const Tensor inverse_N1 = (wide_ND.square().mean(-1, /*keepdim=*/true) + eps).rsqrt_();
    const Tensor normed_ND = (wide_ND * inverse_N1).to(x_ND.scalar_type());
    context->save_for_backward({normed_ND, inverse_N1, weight_D});
    return normed_ND * weight_D;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const Tensor normed_ND = at_least_float(saved[0]);
    const Tensor dy_ND = at_least_float(grads[0]);
    const Tensor product_ND = normed_ND * dy_ND;
    const Tensor dweight_D = product_ND.sum(0).to(saved[2].scalar_type());
    const Tensor weight_D = at_least_float(saved[2]);
    const Tensor mean_N1 = at::mul(product_ND, weight_D).mean(-1, /*keepdim=*/true);
    const Tensor dx_ND = (dy_ND * weight_D).sub_(normed_ND * mean_N1).mul_(saved[1]);
    return {dx_ND.to(saved[0].scalar_type()), dweight_D, Tensor()};
  }
};

}  // namespace

Tensor rms_norm(const Tensor& x_ND, const Tensor& weight_D, double eps) {
  expect_shape(x_ND, {kAny, weight_D.size(0)}, "x_ND");
  return RmsNorm::apply(x_ND, weight_D, eps);
}

Tensor SwiGlu::forward(const Tensor& x_ND) const {
  return at::linear(at::silu(at::linear(x_ND, gate_FD)) * at::linear(x_ND, up_FD), down_DF);
}

Tensor embed(const Tensor& table_VD, const Tensor& ids_N) {
  if (ids_N.numel() > 0) {
    const auto low = ids_N.min().item<int64_t>(), high = ids_N.max().item<int64_t>();
    if (low < 0 || high >= table_VD.size(0)) {
      throw ModelError("token id " + std::to_string(low < 0 ? low : high) + " is outside the embedding table of " +
                       std::to_string(table_VD.size(0)) + " rows; the tokenizer belongs to another model");
    }
  }
  return at::embedding(table_VD, ids_N);
}

}  // namespace rondo::nn
