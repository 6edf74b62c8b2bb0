// SPDX-License-Identifier: Apache-2.0
// The group: one prompt, its responses, and labelled comparisons among them. Everything in Rondo is a group
// (docs/architecture.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rondo/core/conversation.h"

namespace rondo {

/// A labelled pair of a group's responses.
///   p       probability that i is preferred to j (1 = i won, 0.5 = even)
///   tie     share of the votes that were ties, in [0, 1]; used by the Davidson loss
///   weight  how much the comparison counts (votes, certainty); > 0
///   margin  label strength in score units, signed for (i, j): swapping i and j negates it
struct Comparison {
  int32_t i = 0;
  int32_t j = 0;
  float p = 1.0F;
  float tie = 0.0F;
  float weight = 1.0F;
  float margin = 0.0F;

  bool operator==(const Comparison&) const = default;
};

/// A row of a file that became part of a group.
///   number           of the row among those that became groups, from 0
///   place            "rows.jsonl: row 3", for messages; "" where it is from no file
///   responses        the row's responses, in its order, as places in the group: equal ones share a place
///   comparison_end   the row's comparisons end here among those of the group; they begin where the row before ends
struct SourceRow {
  int64_t number = 0;
  std::string place;
  std::string id;
  std::string subset;
  std::vector<int32_t> responses;
  int64_t comparison_end = 0;

  bool operator==(const SourceRow&) const = default;
};

/// A response is an assistant turn; plain rows have `content` only. `id` and `subset` are those of the row that the
/// group was read from; where rows of one prompt became one group, `rows` has those of each.
struct Group {
  Prompt prompt;
  std::vector<Message> responses;
  std::vector<Comparison> comparisons;
  std::string id;
  std::string subset;
  std::string source;
  std::vector<SourceRow> rows = {};
};

}  // namespace rondo
