// SPDX-License-Identifier: Apache-2.0
// The copying baseline: an unseen plan is played as if it were the nearest training plan. A model that has learnt the
// game must beat it.
#pragma once

#include <cstdint>
#include <vector>

#include "examples/blotto/game.h"

namespace blotto {

struct CopyResult {
  int64_t comparisons = 0;      // pairs of test plans that are not ties
  double accuracy = 0;          // a predicted tie is wrong
  double accuracy_half = 0;     // a predicted tie counts half
  std::vector<size_t> nearest;  // per test plan: index of the nearest training plan (the first of several)
  std::vector<int> distances;   // per test plan: its L1 distance
};

CopyResult copy_nearest(const Rule& rule, const std::vector<Plan>& train, const std::vector<Plan>& test);

}  // namespace blotto
