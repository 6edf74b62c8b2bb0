// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/neighbours.h"

#include <limits>

#include "rondo/base/error.h"

namespace blotto {

CopyResult copy_nearest(const Rule& rule, const std::vector<Plan>& train, const std::vector<Plan>& test) {
  if (train.empty()) {
    throw rondo::DataError("nearest plan not found: baseline: there are no training plans; is the file empty?");
  }
  CopyResult result;
  for (const Plan& plan : test) {
    size_t nearest = 0;
    int smallest = std::numeric_limits<int>::max();
    for (size_t index = 0; index < train.size(); ++index) {
      const int away = distance(plan, train[index]);
      if (away < smallest) {
        smallest = away;
        nearest = index;
      }
    }
    result.nearest.push_back(nearest);
    result.distances.push_back(smallest);
  }
  double right = 0, half = 0;
  for (size_t i = 0; i < test.size(); ++i) {
    for (size_t j = i + 1; j < test.size(); ++j) {
      const char truth = outcome(rule, test[i], test[j]);
      if (truth == 'T') continue;
      const char copied = outcome(rule, train[result.nearest[i]], train[result.nearest[j]]);
      ++result.comparisons;
      right += copied == truth ? 1 : 0;
      half += copied == 'T' ? 0.5 : 0;
    }
  }
  if (result.comparisons > 0) {
    result.accuracy = right / static_cast<double>(result.comparisons);
    result.accuracy_half = (right + half) / static_cast<double>(result.comparisons);
  }
  return result;
}

}  // namespace blotto
