// SPDX-License-Identifier: Apache-2.0
// Tables of whole groups from a model, every sequence once, in batches bounded by tokens.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "rondo/core/preference_table.h"
#include "rondo/core/token_group.h"
#include "rondo/model/model.h"

namespace rondo::model {

struct ScoringOptions {
  /// Tokens of one forward pass at most; a single response may exceed it.
  int64_t token_budget = 16384;
  /// Every response runs alone through the same kernel calls, so that its bits depend on nothing but its own tokens.
  /// Shares no prefix and costs sum(P + R_i) tokens.
  bool deterministic = false;
};

/// What was computed, to be printed beside results.
struct ScoringCost {
  int64_t queries = 0;  // sequences that went through the model: K for K responses, K(K - 1) for a pairwise model
  bool is_pairwise = false;
  int64_t responses = 0;  // of the tables: what a head that reads responses alone would have asked
  int64_t tokens = 0;
};

/// "24 queries (one per response)"; of a pairwise model the number beside that of a head that reads responses alone.
std::string queries_text(const ScoringCost& cost);

/// Tokens that a forward pass computes for a whole group: what its sequences share counts once.
int64_t token_cost(const Model& model, const TokenGroup& group);

/// One table per group, on the CPU, without gradients; an empty one for a group without responses. A group over the
/// budget is scored in parts that share its prefix.
std::vector<PreferenceTable> score_groups(const Model& model, std::span<const TokenGroup* const> groups,
                                          const ScoringOptions& options, ScoringCost& cost);

/// The M x M scores of a table, in the order that the options ask for.
Tensor table_scores(const PreferenceTable& table, const ScoringOptions& options);

}  // namespace rondo::model
