// SPDX-License-Identifier: Apache-2.0
// Rows of one prompt become one group: equal responses merge, comparisons stay and follow them.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "rondo/core/group.h"
#include "rondo/data/group_codec.h"
#include "rondo/data/prompt_identity.h"

namespace rondo::data {

class GroupMerger {
 public:
  /// Adds the responses and comparisons of a row. Prompt, id, subset and source are those of the first.
  void add(Group&& row);
  /// The group; the merger is used up.
  [[nodiscard]] Group take() { return std::move(group_); }

  /// Comparisons between responses that turned out to be equal; they were left out.
  [[nodiscard]] int64_t self_comparisons() const { return self_comparisons_; }

 private:
  Group group_;
  std::unordered_map<Hash128, int32_t, HashOfHash> index_of_response_;
  int64_t self_comparisons_ = 0;
  bool is_empty_ = true;
};

/// O(n log n) in time, 8 bytes per comparison.
[[nodiscard]] Repetitions count_repetitions(const std::vector<Comparison>& comparisons);

}  // namespace rondo::data
