// SPDX-License-Identifier: Apache-2.0
#include "rondo/metrics/agreement.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rondo::metrics {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

double ratio(double sum, double count) { return count > 0 ? sum / count : kNothing; }

// log(1 + e^x) without overflow.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : 1 - 1 / (1 + std::exp(x)); }

}  // namespace

Contribution contribution(const ScoredComparison& comparison) {
  const double z = comparison.z, p = comparison.p, weight = comparison.weight;
  Contribution result;
  result.weight = weight;
  // A share of 0 of an infinite penalty is no penalty: an infinite z is allowed where the label is certain.
  const double against_left = p > 0 ? p * softplus(-z) : 0;
  const double against_right = p < 1 ? (1 - p) * softplus(z) : 0;
  result.log_loss = weight * (against_left + against_right);
  result.brier = weight * (sigmoid(z) - p) * (sigmoid(z) - p);
  if (p != 0.5) {
    result.decided = weight;
    result.right = (z > 0 && p > 0.5) || (z < 0 && p < 0.5) ? weight : 0;
    result.right_or_half = z == 0 ? weight / 2 : result.right;
  }
  return result;
}

Contribution& operator+=(Contribution& sum, const Contribution& other) {
  sum.decided += other.decided;
  sum.right += other.right;
  sum.right_or_half += other.right_or_half;
  sum.weight += other.weight;
  sum.log_loss += other.log_loss;
  sum.brier += other.brier;
  return sum;
}

Contribution operator*(double factor, const Contribution& c) {
  return {.decided = factor * c.decided,
          .right = factor * c.right,
          .right_or_half = factor * c.right_or_half,
          .weight = factor * c.weight,
          .log_loss = factor * c.log_loss,
          .brier = factor * c.brier};
}

Agreement means(const Contribution& sum) {
  return {.accuracy = ratio(sum.right, sum.decided),
          .accuracy_half = ratio(sum.right_or_half, sum.decided),
          .log_loss = ratio(sum.log_loss, sum.weight),
          .brier = ratio(sum.brier, sum.weight)};
}

std::vector<CalibrationBin> calibration_bins(std::span<const ScoredComparison> comparisons, int64_t bins) {
  std::vector<CalibrationBin> result(static_cast<size_t>(bins));
  for (const ScoredComparison& comparison : comparisons) {
    const double confidence = sigmoid(std::abs(comparison.z));
    const double agreed = comparison.z == 0 ? 0.5 : comparison.z > 0 ? comparison.p : 1 - comparison.p;
    const double place = (confidence - 0.5) * 2 * static_cast<double>(bins);
    CalibrationBin& bin = result[static_cast<size_t>(std::min(place, static_cast<double>(bins - 1)))];
    bin.confidence += comparison.weight * confidence;
    bin.agreed += comparison.weight * agreed;
    bin.weight += comparison.weight;
  }
  for (CalibrationBin& bin : result) {
    bin.confidence = ratio(bin.confidence, bin.weight);
    bin.agreed = ratio(bin.agreed, bin.weight);
  }
  return result;
}

double expected_calibration_error(std::span<const CalibrationBin> bins) {
  double sum = 0, weight = 0;
  for (const CalibrationBin& bin : bins) {
    if (bin.weight <= 0) continue;
    sum += bin.weight * std::abs(bin.confidence - bin.agreed);
    weight += bin.weight;
  }
  return ratio(sum, weight);
}

Interval wilson_interval(double right, double total) {
  constexpr double kNormal975 = 1.959963984540054;  // the 0.975 quantile of the standard normal
  constexpr double kSquare = kNormal975 * kNormal975;
  if (total <= 0) return {kNothing, kNothing};
  const double share = right / total;
  const double centre = (share + kSquare / (2 * total)) / (1 + kSquare / total);
  const double spread = share * (1 - share) / total + kSquare / (4 * total * total);
  const double half_width = kNormal975 * std::sqrt(spread) / (1 + kSquare / total);
  return {std::max(0.0, centre - half_width), std::min(1.0, centre + half_width)};
}

}  // namespace rondo::metrics
