// SPDX-License-Identifier: Apache-2.0
// What rules without a model reach on the same labels, and accuracy by length: a score that is not clearly above the
// null baselines, or that holds for long winners only, has learnt an artefact.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "rondo/metrics/scored_comparison.h"

namespace rondo::metrics {

/// Accuracies over the decided comparisons. Where a rule cannot choose (equal lengths) it gets half, as a coin would.
struct NullBaselines {
  double longest = 0;
  double shortest = 0;
  double random = 0;  // a seeded coin per pair of responses
  double first = 0;   // the response with the lower index in its group, as the rows list them
};

NullBaselines null_baselines(std::span<const ScoredComparison> comparisons, uint64_t seed);

struct LengthBin {
  std::string name;
  double accuracy = 0;
  double comparisons = 0;  // weight of the decided ones
};

/// By the preferred response's length against the other's (shorter, similar, longer; similar = within 10 % of the
/// longer), then by quarters of the longer response's length. Empty bins are left out.
std::vector<LengthBin> length_bins(std::span<const ScoredComparison> comparisons);

}  // namespace rondo::metrics
