// SPDX-License-Identifier: Apache-2.0
// Percentile bootstrap of the agreement of one model with its labels.
//
// Comparisons of one prompt are not independent, so prompts are drawn with replacement, never comparisons. With a
// single prompt its responses are drawn instead, and a comparison counts as often as the product of its two responses'
// draws (the node bootstrap of pairwise data; Snijders & Borgatti 1999). The result says which was done.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "rondo/metrics/agreement.h"

namespace rondo::metrics {

struct BootstrapOptions {
  int64_t resamples = 1000;
  uint64_t seed = 1;
};

/// Draws for the same comparisons, seed and resamples are the same, so that the k-th entries of two models are paired.
struct Bootstrap {
  std::string_view units;  // "prompts" or "responses"
  int64_t unit_count = 0;
  std::vector<Agreement> samples;  // one per resample; NaN where the draw left nothing to count
};

/// `contributions[k]` belongs to `comparisons[k]`.
Bootstrap bootstrap(std::span<const ScoredComparison> comparisons, std::span<const Contribution> contributions,
                    const BootstrapOptions& options);

/// The 2.5 % and 97.5 % quantiles of the values that are numbers; NaN where there is none.
Interval percentile_interval(std::vector<double> values);

}  // namespace rondo::metrics
