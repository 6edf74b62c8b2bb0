// SPDX-License-Identifier: Apache-2.0
// Scores every labelled comparison of a data set: one pass over the responses, then table entries.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "rondo/base/log.h"
#include "rondo/data/token_store.h"
#include "rondo/metrics/scored_comparison.h"
#include "rondo/model/scoring.h"

namespace rondo::eval {

struct ScoredData {
  std::vector<metrics::ScoredComparison> comparisons;
  /// Between responses with the same tokens: not among `comparisons`.
  int64_t undecided = 0;
  model::ScoringCost cost;
  /// Largest |s(i,j) + s(j,i)| over the comparisons: 0 to the last bit for every head here.
  double largest_swap_gap = 0;
  /// How much of the scores an order explains: sum (m_i - m_j)^2 / sum s(i,j)^2 over all pairs of all groups, m the
  /// mean scores (docs/methods.md, The score kernel; the two parts are orthogonal). 1 for BT, 0 where everything is
  /// cyclic.
  double transitive_share = 0;
};

/// Calls `visit` with each group of the store in order and its table. Groups are scored several at a time.
model::ScoringCost for_each_table(const model::Model& model, data::TokenStore& store,
                                  const model::ScoringOptions& options, const ProgressSink& progress,
                                  const std::function<void(int64_t, const TokenGroup&, const PreferenceTable&)>& visit);

ScoredData score_data(const model::Model& model, data::TokenStore& store, const model::ScoringOptions& options,
                      const ProgressSink& progress);

}  // namespace rondo::eval
