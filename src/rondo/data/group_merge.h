// SPDX-License-Identifier: Apache-2.0
// Rows of one prompt become one group: equal responses merge, comparisons stay and follow them.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "rondo/core/group.h"
#include "rondo/data/group_codec.h"
#include "rondo/data/prompt_identity.h"

namespace rondo::data {

class GroupMerger {
 public:
  /// Adds the responses, comparisons and rows of a part. Prompt, id, subset and source are those of the first.
  void add(Group&& part);
  /// The group; the merger is used up.
  [[nodiscard]] Group take() { return std::move(group_); }

  /// Comparisons between responses that turned out to be equal; they were left out.
  [[nodiscard]] int64_t self_comparisons() const { return self_comparisons_; }

 private:
  void add_comparison(Comparison comparison, const std::vector<int32_t>& new_index);

  Group group_;
  std::unordered_map<Hash128, int32_t, HashOfHash> index_of_response_;
  int64_t self_comparisons_ = 0;
  bool is_empty_ = true;
};

/// The chosen rows of a group with the chosen ones of its responses, and the comparisons among them. A group without
/// rows counts as one.
[[nodiscard]] Group part_of(const Group& group, const std::vector<bool>& rows, const std::vector<bool>& responses);

/// One group for all rows of the same id and subset, which is how the rows can be written without losing either.
[[nodiscard]] std::vector<Group> by_names(const Group& group);

/// O(n log n) in time, 8 bytes per comparison.
[[nodiscard]] Repetitions count_repetitions(const std::vector<Comparison>& comparisons);

}  // namespace rondo::data
