// SPDX-License-Identifier: Apache-2.0
// Preference losses over scored comparisons. A loss is one .cpp in this folder and one line in losses.def; it returns a
// sum and a count, so that accumulation over micro-batches and devices is exact.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/base/tensor.h"

namespace rondo::losses {

/// Labelled comparisons with the model's scores s(i, j), all of length C. Margins are in score units.
struct ScoredComparisons {
  Tensor score_C;
  Tensor p_C;
  Tensor tie_C;
  Tensor weight_C;
  Tensor margin_C;
  Tensor log_nu;  // [1]; davidson only
};

struct LossConfig {
  double tau = 1.0;
  double smoothing = 0.0;  // assumed share of flipped labels, in [0, 0.5)
};

/// sum: weighted sum over comparisons (a scalar tensor with gradient); count: sum of weights.
struct Loss {
  Tensor sum;
  Tensor count;
};

/// A worked example of one comparison at tau 1: documentation and test at once.
struct LossExample {
  double score = 0;
  double p = 1;
  double tie = 0;
  double expected = 0;
};

struct LossEntry {
  std::string_view name;
  std::string_view cite;
  Loss (*compute)(const ScoredComparisons& comparisons, const LossConfig& config);
  /// True where the loss reads log_nu, which then becomes a parameter of the head.
  bool has_ties;
  std::span<const LossExample> examples;
};

std::span<const LossEntry* const> all_losses();
/// Throws ConfigError with the nearest name.
const LossEntry& loss_by_name(std::string_view name);
std::vector<std::string> loss_names();

/// p <- (1 - eps) p + eps (1 - p).
Tensor smoothed(const Tensor& p_C, const LossConfig& config);

#define LOSS(name) extern const LossEntry name##_entry;
#include "rondo/losses/losses.def"
#undef LOSS

}  // namespace rondo::losses
