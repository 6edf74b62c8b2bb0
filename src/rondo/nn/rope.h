// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding (arXiv:2104.09864) in the half-split form of the Hugging Face models, with the scalings
// that config.json names.
#pragma once

#include <cstdint>
#include <string>

#include "rondo/base/tensor.h"

namespace rondo::nn {

enum class RopeScaling { kNone, kLinear, kLlama3, kYarn };

struct RopeOptions {
  double theta = 10000;
  int64_t size = 0;  // entries of a head that are rotated, the first ones; even
  RopeScaling scaling = RopeScaling::kNone;
  double factor = 1;
  int64_t original_length = 8192;  // of llama3 and yarn: the length the model was made for before the scaling
  // llama3 only: wavelengths below original_length / high_freq_factor stay, above original_length / low_freq_factor are
  // stretched by `factor`, between the two the frequencies are interpolated.
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  // yarn only (arXiv:2309.00071): entries that turn more than beta_fast times over the original length stay, below
  // beta_slow they are stretched, between the two blended by a ramp, whose ends are whole entries where `truncate`.
  double beta_fast = 32;
  double beta_slow = 1;
  bool truncate = true;
  double attention_factor = 1;  // multiplies cos and sin, so scores by its square
};

/// The rotation of one kind of layer; without frequencies nothing is rotated.
struct Rope {
  Tensor inverse_frequencies;  // [size / 2], float32
  double attention_factor = 1;
};

/// Angles of a batch: cos and sin [N, 1, size / 2]; undefined where nothing is rotated.
struct RopeTables {
  Tensor cos_N1K;
  Tensor sin_N1K;
};

Rope make_rope(const RopeOptions& options);

RopeTables rope_tables(const Rope& rope, const Tensor& positions_N, at::ScalarType type);

/// Rotates the first `size` entries of each head of x_NHK: their halves (x1, x2) become
/// (x1 cos - x2 sin, x2 cos + x1 sin). The rest stays.
Tensor rotate(const Tensor& x_NHK, const RopeTables& tables);

}  // namespace rondo::nn
