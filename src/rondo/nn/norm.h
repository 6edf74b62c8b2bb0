// SPDX-License-Identifier: Apache-2.0
// Normalisation of the last dimension, in float32 or wider (nn/precision.h).
#pragma once

#include "rondo/base/tensor.h"

namespace rondo::nn {

/// x / sqrt(mean(x^2) + eps) * weight, the quotient in float32 (arXiv:1910.07467). The product runs in the wider of the
/// types of x and weight; the result has the type of x. x [..., D].
Tensor rms_norm(const Tensor& x, const Tensor& weight_D, double eps);

/// Published models differ in where they round and in what the weight means.
enum class NormKind {
  kRms,          // Llama: the quotient is rounded to the type of x, then multiplied
  kRmsWide,      // OLMo 2: multiplied in float32, then rounded
  kRmsCentered,  // Gemma: as kRmsWide, by 1 + weight
  kLayer,        // mean and variance (arXiv:1607.06450)
};

/// One norm of a model; without a weight it is the identity.
struct Norm {
  NormKind kind = NormKind::kRms;
  Tensor weight_D;
  Tensor bias_D;  // of kLayer, may be undefined
  double eps = 0;

  Tensor forward(const Tensor& x) const;
};

}  // namespace rondo::nn
