// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/group_merge.h"

#include <algorithm>
#include <utility>

namespace rondo::data {

namespace {

// The usual row of two answers needs no hashes: most rows are never merged with another.
bool is_distinct_pair(const Group& row) { return row.responses.size() == 2 && row.responses[0] != row.responses[1]; }

}  // namespace

void GroupMerger::add(Group&& row) {
  if (is_empty_ && is_distinct_pair(row)) {
    group_ = std::move(row);
    is_empty_ = false;
    return;
  }
  if (!is_empty_ && index_of_response_.empty()) {
    for (const Message& response : group_.responses) {
      index_of_response_.emplace(response_identity(response), static_cast<int32_t>(index_of_response_.size()));
    }
  }
  std::vector<int32_t> new_index;
  new_index.reserve(row.responses.size());
  for (Message& response : row.responses) {
    const auto next = static_cast<int32_t>(group_.responses.size());
    const auto [at, is_new] = index_of_response_.emplace(response_identity(response), next);
    if (is_new) group_.responses.push_back(std::move(response));
    new_index.push_back(at->second);
  }
  const bool is_unchanged = is_empty_ && group_.responses.size() == row.responses.size();
  if (is_empty_) {
    group_.prompt = std::move(row.prompt);
    group_.id = std::move(row.id);
    group_.subset = std::move(row.subset);
    group_.source = std::move(row.source);
    is_empty_ = false;
  }
  if (is_unchanged) {
    // Without a copy: a tournament of 4,000 has 190 MB of them.
    group_.comparisons = std::move(row.comparisons);
    return;
  }
  for (Comparison comparison : row.comparisons) {
    comparison.i = new_index[static_cast<size_t>(comparison.i)];
    comparison.j = new_index[static_cast<size_t>(comparison.j)];
    if (comparison.i == comparison.j) {
      ++self_comparisons_;
    } else {
      group_.comparisons.push_back(comparison);
    }
  }
}

namespace {

// The pair (31 bits each, lower index first) and the verdict from the side of the lower: 0 lost, 1 even, 2 won.
uint64_t key_of(const Comparison& c) {
  const bool swapped = c.i > c.j;
  const auto low = static_cast<uint64_t>(swapped ? c.j : c.i);
  const auto high = static_cast<uint64_t>(swapped ? c.i : c.j);
  const float p = swapped ? 1 - c.p : c.p;
  const uint64_t verdict = p > 0.5F ? 2 : p < 0.5F ? 0 : 1;
  return (low << 33U) | (high << 2U) | verdict;
}

}  // namespace

Repetitions count_repetitions(const std::vector<Comparison>& comparisons) {
  Repetitions found;
  if (comparisons.size() < 2) return found;
  std::vector<uint64_t> keys;
  keys.reserve(comparisons.size());
  for (const Comparison& comparison : comparisons) keys.push_back(key_of(comparison));
  std::sort(keys.begin(), keys.end());
  constexpr uint64_t kVerdictBits = 3;
  bool pair_lost = (keys[0] & kVerdictBits) == 0;
  for (size_t n = 1; n < keys.size(); ++n) {
    const bool same_pair = (keys[n] | kVerdictBits) == (keys[n - 1] | kVerdictBits);
    const uint64_t verdict = keys[n] & kVerdictBits;
    if (keys[n] == keys[n - 1]) {
      ++found.duplicates;
      continue;
    }
    if (!same_pair) pair_lost = verdict == 0;
    if (same_pair && verdict == 2 && pair_lost) ++found.contradictions;
  }
  return found;
}

}  // namespace rondo::data
