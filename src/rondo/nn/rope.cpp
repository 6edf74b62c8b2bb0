// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/rope.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/where.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <numbers>

#include "rondo/base/error.h"
#include "rondo/base/shapes.h"

namespace rondo::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The inverse of a rotation is the rotation by the negative angle, so one body serves both directions.
Tensor rotate_halves(const Tensor& x_NHK, const Tensor& cos_N1K, const Tensor& sin_N1K, double sign) {
  const int64_t half = cos_N1K.size(-1);
  const Tensor first = x_NHK.narrow(-1, 0, half), second = x_NHK.narrow(-1, half, half);
  Tensor out = at::empty_like(x_NHK, at::MemoryFormat::Contiguous);
  Tensor out_first = out.narrow(-1, 0, half), out_second = out.narrow(-1, half, half);
  at::mul_out(out_first, first, cos_N1K);
  out_first.addcmul_(second, sin_N1K, -sign);
  at::mul_out(out_second, second, cos_N1K);
  out_second.addcmul_(first, sin_N1K, sign);
  const int64_t rest = x_NHK.size(-1) - 2 * half;
  if (rest > 0) out.narrow(-1, 2 * half, rest).copy_(x_NHK.narrow(-1, 2 * half, rest));
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

// arXiv:2309.00071 section 3.2. The entry that turns `turns` times over the original length.
double entry_of(double turns, const RopeOptions& o) {
  return static_cast<double>(o.size) *
         std::log(static_cast<double>(o.original_length) / (turns * 2 * std::numbers::pi)) / (2 * std::log(o.theta));
}

Tensor scale_yarn(const Tensor& frequencies, const RopeOptions& o) {
  constexpr double kLeastRamp = 0.001;  // as in transformers: the ends of the ramp may coincide
  double low = entry_of(o.beta_fast, o), high = entry_of(o.beta_slow, o);
  if (o.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(o.size) - 1);
  if (low == high) high += kLeastRamp;
  const Tensor ramp = ((at::arange(0, o.size / 2, frequencies.options()) - low) / (high - low)).clamp(0, 1);
  return frequencies / o.factor * ramp + frequencies * (1 - ramp);
}

Tensor scaled(const Tensor& frequencies, const RopeOptions& options) {
  switch (options.scaling) {
    case RopeScaling::kNone:
      return frequencies;
    case RopeScaling::kLinear:
      return frequencies / options.factor;
    case RopeScaling::kLlama3:
      return scale_llama3(frequencies, options);
    case RopeScaling::kYarn:
      return scale_yarn(frequencies, options);
  }
  throw InternalError("a rope scaling without a formula");
}

}  // namespace

Rope make_rope(const RopeOptions& options) {
  RONDO_ASSERT(options.size > 0 && options.size % 2 == 0, "an even number of entries is rotated");
  const Tensor exponents =
      at::arange(0, options.size, 2, at::TensorOptions().dtype(at::kFloat)) / static_cast<double>(options.size);
  return {scaled(1.0 / at::pow(options.theta, exponents), options), options.attention_factor};
}

RopeTables rope_tables(const Rope& rope, const Tensor& positions_N, at::ScalarType type) {
  if (!rope.inverse_frequencies.defined()) return {};
  // Angles in float32 as the published models were trained, then cast to the type of the states.
  const Tensor angles = positions_N.to(at::kFloat).unsqueeze(-1) * rope.inverse_frequencies.to(positions_N.device());
  return {(angles.cos() * rope.attention_factor).to(type).unsqueeze(1),
          (angles.sin() * rope.attention_factor).to(type).unsqueeze(1)};
}

Tensor rotate(const Tensor& x_NHK, const RopeTables& tables) {
  if (!tables.cos_N1K.defined()) return x_NHK;
  expect_shape(x_NHK, {tables.cos_N1K.size(0), kAny, kAny}, "x_NHK");
  RONDO_ASSERT(2 * tables.cos_N1K.size(-1) <= x_NHK.size(-1), "no more is rotated than a head has");
  return Rotate::apply(x_NHK, tables.cos_N1K, tables.sin_N1K);
}

}  // namespace rondo::nn
