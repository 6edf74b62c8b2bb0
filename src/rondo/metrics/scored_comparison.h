// SPDX-License-Identifier: Apache-2.0
// metrics/ judges scores against labels: agreement, calibration, intervals, cyclic triads, null baselines. It is plain
// C++ on lists of scored comparisons; evaluation.h puts the parts together under the names of the output files.
#pragma once

#include <cstdint>

namespace rondo::metrics {

/// One labelled comparison with the model's verdict.
///   z        score / tau, the log-odds that response i is preferred to j
///   p        label: probability that i is preferred; 0.5 = even
///   weight   how much it counts, > 0
///   group    which prompt; any numbering without large gaps
///   number   of the comparison among those of its group, the same for every model
///   i, j     responses of the group
///   lengths  of responses i and j, in any one unit
struct ScoredComparison {
  double z = 0;
  double p = 1;
  double weight = 1;
  int64_t group = 0;
  int32_t number = 0;
  int32_t i = 0;
  int32_t j = 0;
  int32_t left_length = 0;
  int32_t right_length = 0;
};

}  // namespace rondo::metrics
