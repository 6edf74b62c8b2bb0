// SPDX-License-Identifier: Apache-2.0
#include "rondo/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"

namespace rondo::train {

double schedule_at(int64_t step, int64_t steps, const ScheduleOptions& options) {
  const auto total = static_cast<double>(std::max<int64_t>(1, steps));
  // Steps count from 1 here, so that the first update is not lost to a rate of 0.
  const double now = static_cast<double>(step) + 1;
  const double warmup = options.warmup * total;
  if (now < warmup) return now / warmup;
  const auto towards_floor = [&](double shape) { return options.floor + (1 - options.floor) * shape; };
  const double progress = std::clamp((static_cast<double>(step) - warmup) / std::max(1.0, total - warmup), 0.0, 1.0);
  if (options.kind == "constant") return 1;
  if (options.kind == "linear") return towards_floor(1 - progress);
  if (options.kind == "cosine") return towards_floor(0.5 * (1 + std::cos(std::numbers::pi * progress)));
  if (options.kind == "wsd") {
    const double decay = std::max(1.0, options.decay_share * total);
    return towards_floor(std::clamp((total - static_cast<double>(step)) / decay, 0.0, 1.0));
  }
  throw ConfigError(unknown_name_message("schedule", options.kind, kScheduleNames));
}

}  // namespace rondo::train
