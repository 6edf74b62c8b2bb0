// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/rope.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/where.h>
#include <torch/csrc/autograd/custom_function.h>

#include <numbers>

#include "rondo/base/error.h"
#include "rondo/base/shapes.h"

namespace rondo::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The inverse of a rotation is the rotation by the negative angle, so one body serves both directions.
Tensor rotate_halves(const Tensor& x_NHK, const Tensor& cos_N1K, const Tensor& sin_N1K, double sign) {
  const int64_t half = x_NHK.size(-1) / 2;
  const Tensor first = x_NHK.narrow(-1, 0, half), second = x_NHK.narrow(-1, half, half);
  Tensor out = at::empty_like(x_NHK, at::MemoryFormat::Contiguous);
  Tensor out_first = out.narrow(-1, 0, half), out_second = out.narrow(-1, half, half);
  at::mul_out(out_first, first, cos_N1K);
  out_first.addcmul_(second, sin_N1K, -sign);
  at::mul_out(out_second, second, cos_N1K);
  out_second.addcmul_(first, sin_N1K, sign);
  return out;
}

struct Rotate : torch::autograd::Function<Rotate> {
  static Tensor forward(AutogradContext* context, const Tensor& x_NHK, const Tensor& cos_N1K, const Tensor& sin_N1K) {
    context->save_for_backward({cos_N1K, sin_N1K});
    return rotate_halves(x_NHK, cos_N1K, sin_N1K, 1);
  }
  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    return {rotate_halves(grads[0], saved[0], saved[1], -1), Tensor(), Tensor()};
  }
};

// Llama 3.1 release notes; the same interpolation as transformers' `llama3` rope type.
Tensor scale_llama3(const Tensor& frequencies, const RopeOptions& o) {
  const auto length = static_cast<double>(o.original_length);
  const Tensor wavelength = 2 * std::numbers::pi / frequencies;
  const Tensor smooth = (length / wavelength - o.low_freq_factor) / (o.high_freq_factor - o.low_freq_factor);
  const Tensor blended = (1 - smooth) * frequencies / o.factor + smooth * frequencies;
  const Tensor long_or_blended = at::where(wavelength > length / o.low_freq_factor, frequencies / o.factor, blended);
  return at::where(wavelength < length / o.high_freq_factor, frequencies, long_or_blended);
}

}  // namespace

Tensor rope_inverse_frequencies(const RopeOptions& options) {
  RONDO_ASSERT(options.head_size > 0 && options.head_size % 2 == 0, "rotary heads have an even size");
  const Tensor exponents = at::arange(0, options.head_size, 2, at::TensorOptions().dtype(at::kFloat)) /
                           static_cast<double>(options.head_size);
  const Tensor frequencies = 1.0 / at::pow(options.theta, exponents);
  switch (options.scaling) {
    case RopeScaling::kNone:
      return frequencies;
    case RopeScaling::kLinear:
      return frequencies / options.factor;
    case RopeScaling::kLlama3:
      return scale_llama3(frequencies, options);
  }
  return frequencies;
}

RopeTables rope_tables(const Tensor& inverse_frequencies, const Tensor& positions_N, at::ScalarType type) {
  // Angles in float32 as the published models were trained, then cast to the type of the states.
  const Tensor angles = positions_N.to(at::kFloat).unsqueeze(-1) * inverse_frequencies;
  return {angles.cos().to(type).unsqueeze(1), angles.sin().to(type).unsqueeze(1)};
}

Tensor rotate(const Tensor& x_NHK, const RopeTables& tables) {
  expect_shape(x_NHK, {tables.cos_N1K.size(0), kAny, 2 * tables.cos_N1K.size(-1)}, "x_NHK");
  return Rotate::apply(x_NHK, tables.cos_N1K, tables.sin_N1K);
}

}  // namespace rondo::nn
