// SPDX-License-Identifier: Apache-2.0
// Everything that is said of one model on one data set, under the keys of the output files, and the
// paired difference of two models on the same comparisons.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/metrics/agreement.h"
#include "rondo/metrics/baselines.h"
#include "rondo/metrics/bootstrap.h"
#include "rondo/metrics/scored_comparison.h"
#include "rondo/metrics/triads.h"

namespace rondo::metrics {

struct EvaluateOptions {
  BootstrapOptions bootstrap;
  TriadOptions triads;
  int64_t calibration_bins = 10;
};

/// Quantities that cannot be computed (no comparison, no cyclic triad) are NaN and become null in JSON.
struct Evaluation {
  Agreement agreement;
  Interval accuracy;         // bootstrap, 95 %
  Interval accuracy_wilson;  // as if comparisons were independent
  Interval log_loss;         // bootstrap, 95 %
  double ece = 0;
  int64_t comparisons = 0;  // all of them
  int64_t even = 0;         // those with p = 0.5, which accuracy leaves out
  int64_t groups = 0;
  TriadCount triads;
  NullBaselines baselines;
  std::vector<CalibrationBin> calibration;
  std::vector<LengthBin> lengths;
  Bootstrap bootstrap;  // samples serve paired differences; they are not written
};

/// Throws DataError where a score is not a number.
Evaluation evaluate(std::span<const ScoredComparison> comparisons, const EvaluateOptions& options);

/// One evaluation per subset; `subsets[k]` names that of comparisons[k].
std::map<std::string, Evaluation> evaluate_subsets(std::span<const ScoredComparison> comparisons,
                                                   std::span<const std::string> subsets,
                                                   const EvaluateOptions& options);

/// First minus second on the comparisons that both have, with the bootstrap interval of the paired difference.
/// Without a common comparison all numbers are NaN.
struct Difference {
  int64_t comparisons = 0;
  double accuracy = 0;
  Interval accuracy_interval;
  double log_loss = 0;
  Interval log_loss_interval;
};

/// Both lists hold a comparison (group, number) once at most; one may lack comparisons that the other has.
Difference difference(std::span<const ScoredComparison> first, std::span<const ScoredComparison> second,
                      const EvaluateOptions& options);

/// "better", "worse", "no clear difference" or "not compared": what the interval of the accuracy difference allows to
/// say.
std::string_view verdict(const Difference& difference);

nlohmann::ordered_json to_json(const Evaluation& evaluation);
nlohmann::ordered_json to_json(const Difference& difference);

}  // namespace rondo::metrics
