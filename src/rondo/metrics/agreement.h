// SPDX-License-Identifier: Apache-2.0
// Agreement of scores with labels: accuracy, log-loss, Brier score, calibration.
//
// All are weighted means over comparisons. None depends on which response of a pair is called i.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rondo/metrics/scored_comparison.h"

namespace rondo::metrics {

/// What one comparison adds to every mean.
struct Contribution {
  double decided = 0;        // weight where p != 0.5
  double right = 0;          // weight where the sign of z agrees with the label
  double right_or_half = 0;  // as right, and half of the weight where z = 0
  double weight = 0;
  double log_loss = 0;  // weight * -(p log sigmoid(z) + (1 - p) log sigmoid(-z))
  double brier = 0;     // weight * (sigmoid(z) - p)^2
};

Contribution contribution(const ScoredComparison& comparison);

Contribution& operator+=(Contribution& sum, const Contribution& other);
Contribution operator*(double factor, const Contribution& contribution);

/// The means; NaN where nothing was counted.
struct Agreement {
  double accuracy = 0;
  double accuracy_half = 0;
  double log_loss = 0;
  double brier = 0;
};

Agreement means(const Contribution& sum);

/// Comparisons whose confidence max(sigmoid(z), sigmoid(-z)) falls into one of equal bins of [0.5, 1].
struct CalibrationBin {
  double confidence = 0;  // mean
  double agreed = 0;      // mean label of the response that the model prefers
  double weight = 0;
};

std::vector<CalibrationBin> calibration_bins(std::span<const ScoredComparison> comparisons, int64_t bins);

/// Expected calibration error: the weighted mean of |confidence - agreed| over the bins.
double expected_calibration_error(std::span<const CalibrationBin> bins);

struct Interval {
  double low = 0;
  double high = 0;
};

/// Wilson's 95 % interval of a share of `right` out of `total` independent cases (Wilson 1927).
Interval wilson_interval(double right, double total);

}  // namespace rondo::metrics
