// SPDX-License-Identifier: Apache-2.0
// Token groups to packed batches: the longest common token prefix of a group's responses becomes one shared segment,
// the remainders follow it, sorted into runs of equal length. Costs P + sum(R_i) tokens per group. Encoders, whose
// states depend on what follows, share nothing.
#pragma once

#include <span>
#include <vector>

#include "rondo/core/packed_batch.h"
#include "rondo/core/score_kernel.h"
#include "rondo/core/token_group.h"

namespace rondo {

/// A sequence of a pairwise group, and the positions of its two responses in the selection.
struct SelectedPair {
  int64_t sequence = 0;  // index in TokenGroup::pairs
  int32_t i = 0;
  int32_t j = 0;
};

/// Some responses of a group, by index; comparisons among them in terms of positions in `responses`.
struct GroupSelection {
  const TokenGroup* group = nullptr;
  int64_t index = -1;  // of the group in its source, for what is kept beside it
  std::vector<int64_t> responses;
  std::vector<Comparison> comparisons;
  std::vector<SelectedPair> pairs;  // pairwise groups: the sequences, in the group's order
  double group_weight = 0;          // of all comparisons where this is a part of them; 0 = of these
};

/// All responses and comparisons of a group.
GroupSelection select_all(const TokenGroup& group);

/// The given responses and the comparisons among them.
GroupSelection select(const TokenGroup& group, std::vector<int64_t> responses);

/// A selection of a pairwise group as parts of about `budget` tokens, each with some of the comparisons and both orders
/// of their pairs: pairs are independent of each other, so the parts add up to the whole.
std::vector<GroupSelection> split_pairs(const GroupSelection& selection, int64_t budget);

/// Whose tokens are targets of the language model: of nobody, of responses that won a comparison, of all.
enum class LmTargets { kNone, kWinners, kAll };

struct PackOptions {
  bool needs_gate = false;
  /// Encoders: no shared prefix, and the gate's prompt is one more segment of the group.
  bool bidirectional = false;
  LmTargets lm_targets = LmTargets::kNone;
};

/// Tokens that `pack` computes for a selection: P + sum(R_i); for an encoder whole sequences, and the gate's prompt.
int64_t token_cost(const GroupSelection& selection, const PackOptions& options);

/// Throws DataError where a gate is needed and a prompt is empty.
PackedBatch pack(std::span<const GroupSelection> selections, const PackOptions& options);

/// The comparisons of the same selections, with weights as labelled, or scaled so that each group sums to 1.
ComparisonBatch pack_comparisons(std::span<const GroupSelection> selections, bool equal_group_weight);

}  // namespace rondo
