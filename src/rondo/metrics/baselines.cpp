// SPDX-License-Identifier: Apache-2.0
#include "rondo/metrics/baselines.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "rondo/base/random.h"
#include "rondo/metrics/agreement.h"

namespace rondo::metrics {
namespace {

// Half-credit accuracy of a rule that scores a comparison by `rule`.
template <typename Rule>
double accuracy_of(std::span<const ScoredComparison> comparisons, Rule rule) {
  Contribution sum;
  for (ScoredComparison comparison : comparisons) {
    comparison.z = rule(comparison);
    sum += contribution(comparison);
  }
  return means(sum).accuracy_half;
}

// The same coin for both orders of a pair and for repeated comparisons of it.
double coin(const ScoredComparison& c, uint64_t seed) {
  const auto low = static_cast<uint64_t>(std::min(c.i, c.j)), high = static_cast<uint64_t>(std::max(c.i, c.j));
  const Random stream = Random(seed).split(static_cast<uint64_t>(c.group)).split(low).split(high);
  const bool low_wins = Random(stream).below(2) == 0;
  return low_wins == (c.i < c.j) ? 1 : -1;
}

bool is_decided(const ScoredComparison& comparison) { return comparison.p != 0.5; }

int32_t longer_length(const ScoredComparison& c) { return std::max(c.left_length, c.right_length); }

// -1, 0, 1: the preferred response is shorter, of similar length, longer.
int preferred_length(const ScoredComparison& c) {
  constexpr double kSimilar = 0.1;
  const int difference = c.p > 0.5 ? c.left_length - c.right_length : c.right_length - c.left_length;
  if (std::abs(difference) <= kSimilar * longer_length(c)) return 0;
  return difference > 0 ? 1 : -1;
}

template <typename Filter>
void add_bin(std::vector<LengthBin>& bins, const std::string& name, std::span<const ScoredComparison> comparisons,
             Filter belongs) {
  Contribution sum;
  for (const ScoredComparison& comparison : comparisons) {
    if (is_decided(comparison) && belongs(comparison)) sum += contribution(comparison);
  }
  if (sum.decided > 0) bins.push_back({name, means(sum).accuracy, sum.decided});
}

}  // namespace

NullBaselines null_baselines(std::span<const ScoredComparison> comparisons, uint64_t seed) {
  const auto longest = [](const ScoredComparison& c) { return static_cast<double>(c.left_length - c.right_length); };
  const auto shortest = [](const ScoredComparison& c) { return static_cast<double>(c.right_length - c.left_length); };
  const auto random = [seed](const ScoredComparison& c) { return coin(c, seed); };
  const auto first = [](const ScoredComparison& c) { return c.i < c.j ? 1.0 : -1.0; };
  return {.longest = accuracy_of(comparisons, longest),
          .shortest = accuracy_of(comparisons, shortest),
          .random = accuracy_of(comparisons, random),
          .first = accuracy_of(comparisons, first)};
}

std::vector<LengthBin> length_bins(std::span<const ScoredComparison> comparisons) {
  std::vector<LengthBin> bins;
  constexpr const char* kRelations[] = {"preferred shorter", "similar length", "preferred longer"};
  for (int relation = -1; relation <= 1; ++relation) {
    add_bin(bins, kRelations[relation + 1], comparisons,
            [relation](const ScoredComparison& c) { return preferred_length(c) == relation; });
  }
  std::vector<int32_t> lengths;
  for (const ScoredComparison& comparison : comparisons) {
    if (is_decided(comparison)) lengths.push_back(longer_length(comparison));
  }
  std::sort(lengths.begin(), lengths.end());
  constexpr size_t kQuarters = 4;
  int32_t low = std::numeric_limits<int32_t>::min();
  for (size_t quarter = 1; quarter <= kQuarters && !lengths.empty(); ++quarter) {
    // Fewer than four lengths have empty quarters, which repeat the shortest.
    const int32_t high = lengths[std::max<size_t>(1, lengths.size() * quarter / kQuarters) - 1];
    add_bin(bins, "up to " + std::to_string(high), comparisons,
            [low, high](const ScoredComparison& c) { return longer_length(c) > low && longer_length(c) <= high; });
    low = high;
  }
  return bins;
}

}  // namespace rondo::metrics
