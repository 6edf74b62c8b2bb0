// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/mul.h>
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
    const at::ScalarType type = at::promoteTypes(x_ND.scalar_type(), weight_D.scalar_type());
    const Tensor normed_ND = (wide_ND * inverse_N1).to(type);
    context->save_for_backward({normed_ND, inverse_N1, weight_D});
    return (normed_ND * weight_D).to(x_ND.scalar_type());
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
    return {dx_ND.to(grads[0].scalar_type()), dweight_D, Tensor()};
  }
};

}  // namespace

Tensor rms_norm(const Tensor& x, const Tensor& weight_D, double eps) {
  RONDO_ASSERT(x.size(-1) == weight_D.size(0), "a norm has one weight per entry of the last dimension");
  if (x.dim() == 2) return RmsNorm::apply(x, weight_D, eps);
  return RmsNorm::apply(x.reshape({-1, x.size(-1)}), weight_D, eps).view(x.sizes());
}

Tensor Norm::forward(const Tensor& x) const {
  if (!weight_D.defined()) return x;
  switch (kind) {
    case NormKind::kRms:
      return rms_norm(x, weight_D, eps);
    case NormKind::kRmsWide:
      return rms_norm(x, at_least_float(weight_D), eps);
    case NormKind::kRmsCentered:
      return rms_norm(x, at_least_float(weight_D) + 1, eps);
    case NormKind::kLayer:
      return at::layer_norm(x, {weight_D.size(0)}, weight_D, bias_D, eps);
  }
  return x;
}

}  // namespace rondo::nn
