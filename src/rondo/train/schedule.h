// SPDX-License-Identifier: Apache-2.0
// Learning rate over the steps, as a multiple of the peak.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rondo::train {

/// wsd: warm-up, stable, then a linear decay over the last part (arXiv:2404.06395).
inline const std::vector<std::string> kScheduleNames = {"cosine", "linear", "constant", "wsd"};

struct ScheduleOptions {
  std::string kind = "cosine";
  double warmup = 0.03;      // share of all steps
  double floor = 0.0;        // last value, as a share of the peak
  double decay_share = 0.2;  // wsd: share of all steps that decay
};

/// Multiple of the peak rate for step 0 ... steps - 1; never 0 before the last step when floor is 0.
double schedule_at(int64_t step, int64_t steps, const ScheduleOptions& options);

}  // namespace rondo::train
