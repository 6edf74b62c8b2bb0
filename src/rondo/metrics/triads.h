// SPDX-License-Identifier: Apache-2.0
// Cyclic triads in the labels, a over b over c over a, and how many of them the scores have right. A scalar reward gets
// none right by construction, so the share shows whether a model has learnt what an order cannot say.
//
// A triad is right when all three edges are; those are the cyclic triads of the graph of right edges, so both counts
// come from one exact count on bit rows (core/win_graph.h).
#pragma once

#include <cstdint>
#include <span>

#include "rondo/metrics/scored_comparison.h"

namespace rondo::metrics {

struct TriadCount {
  int64_t cyclic = 0;
  int64_t right = 0;
  int64_t sampled_groups = 0;  // groups above the limit, counted on a sample of their responses
};

struct TriadOptions {
  /// Larger groups are counted on a seeded sample of this many responses: a cubic count on n^2 bits stops being quick.
  int64_t exact_responses = 4096;
  uint64_t seed = 1;
};

/// Several comparisons of one pair count by the sign of their weighted sum; pairs that sum to even are no edge.
TriadCount count_triads(std::span<const ScoredComparison> comparisons, const TriadOptions& options);

}  // namespace rondo::metrics
