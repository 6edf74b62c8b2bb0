// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding (arXiv:2104.09864) in the half-split form of the Hugging Face models, with the scalings
// that config.json names.
#pragma once

#include <cstdint>
#include <string>

#include "rondo/base/tensor.h"

namespace rondo::nn {

enum class RopeScaling { kNone, kLinear, kLlama3 };

struct RopeOptions {
  double theta = 10000;
  int64_t head_size = 0;
  RopeScaling scaling = RopeScaling::kNone;
  double factor = 1;
  // llama3 only: wavelengths below original_length / high_freq_factor stay, above original_length / low_freq_factor are
  // stretched by `factor`, between the two the frequencies are interpolated.
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  int64_t original_length = 8192;
};

/// Angles of a batch: cos and sin [N, 1, K/2] in float32 or wider.
struct RopeTables {
  Tensor cos_N1K;
  Tensor sin_N1K;
};

/// Inverse frequencies [K/2], float32.
Tensor rope_inverse_frequencies(const RopeOptions& options);

RopeTables rope_tables(const Tensor& inverse_frequencies, const Tensor& positions_N, at::ScalarType type);

/// Rotates x_NHK; the halves (x1, x2) of a head become (x1 cos - x2 sin, x2 cos + x1 sin).
Tensor rotate(const Tensor& x_NHK, const RopeTables& tables);

}  // namespace rondo::nn
