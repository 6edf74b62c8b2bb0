// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/group_merge.h"

#include <algorithm>
#include <utility>

namespace rondo::data {

namespace {

// The usual row of two answers needs no hashes: most rows are never merged with another.
bool is_distinct_pair(const Group& part) {
  return part.responses.size() == 2 && part.responses[0] != part.responses[1];
}

}  // namespace

void GroupMerger::add(Group&& part) {
  if (is_empty_ && is_distinct_pair(part)) {
    group_ = std::move(part);
    is_empty_ = false;
    return;
  }
  if (!is_empty_ && index_of_response_.empty()) {
    for (const Message& response : group_.responses) {
      index_of_response_.emplace(response_identity(response), static_cast<int32_t>(index_of_response_.size()));
    }
  }
  std::vector<int32_t> new_index;
  new_index.reserve(part.responses.size());
  for (Message& response : part.responses) {
    const auto next = static_cast<int32_t>(group_.responses.size());
    const auto [at, is_new] = index_of_response_.emplace(response_identity(response), next);
    if (is_new) group_.responses.push_back(std::move(response));
    new_index.push_back(at->second);
  }
  for (SourceRow& row : part.rows) {
    for (int32_t& place : row.responses) place = new_index[static_cast<size_t>(place)];
  }
  const bool is_unchanged = is_empty_ && group_.responses.size() == part.responses.size();
  if (is_empty_) {
    group_.prompt = std::move(part.prompt);
    group_.id = std::move(part.id);
    group_.subset = std::move(part.subset);
    group_.source = std::move(part.source);
    is_empty_ = false;
  }
  if (is_unchanged) {
    // Without a copy: a tournament of 4,000 has 190 MB of them.
    group_.comparisons = std::move(part.comparisons);
    group_.rows = std::move(part.rows);
    return;
  }
  int64_t next = 0;
  for (SourceRow& row : part.rows) {
    for (; next < row.comparison_end; ++next) add_comparison(part.comparisons[static_cast<size_t>(next)], new_index);
    row.comparison_end = std::ssize(group_.comparisons);
    group_.rows.push_back(std::move(row));
  }
}

void GroupMerger::add_comparison(Comparison comparison, const std::vector<int32_t>& new_index) {
  comparison.i = new_index[static_cast<size_t>(comparison.i)];
  comparison.j = new_index[static_cast<size_t>(comparison.j)];
  if (comparison.i == comparison.j) {
    ++self_comparisons_;
  } else {
    group_.comparisons.push_back(comparison);
  }
}

Group part_of(const Group& group, const std::vector<bool>& rows, const std::vector<bool>& responses) {
  Group part{.prompt = group.prompt,
             .responses = {},
             .comparisons = {},
             .id = group.id,
             .subset = group.subset,
             .source = group.source};
  std::vector<int32_t> new_index(group.responses.size(), -1);
  for (size_t i = 0; i < group.responses.size(); ++i) {
    if (!responses[i]) continue;
    new_index[i] = static_cast<int32_t>(part.responses.size());
    part.responses.push_back(group.responses[i]);
  }
  const auto add = [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      Comparison c = group.comparisons[static_cast<size_t>(n)];
      c.i = new_index[static_cast<size_t>(c.i)];
      c.j = new_index[static_cast<size_t>(c.j)];
      if (c.i >= 0 && c.j >= 0) part.comparisons.push_back(c);
    }
  };
  if (group.rows.empty()) add(0, std::ssize(group.comparisons));
  for (size_t r = 0; r < group.rows.size(); ++r) {
    if (!rows[r]) continue;
    SourceRow row = group.rows[r];
    add(r == 0 ? 0 : group.rows[r - 1].comparison_end, row.comparison_end);
    for (int32_t& place : row.responses) place = new_index[static_cast<size_t>(place)];
    std::erase(row.responses, -1);
    row.comparison_end = std::ssize(part.comparisons);
    part.rows.push_back(std::move(row));
  }
  if (!part.rows.empty()) {
    part.id = part.rows.front().id;
    part.subset = part.rows.front().subset;
  }
  return part;
}

std::vector<Group> by_names(const Group& group) {
  const auto names = [](const SourceRow& row) { return std::pair(row.id, row.subset); };
  std::vector<Group> parts;
  std::vector<bool> is_written(group.rows.size(), false);
  for (size_t first = 0; first < group.rows.size(); ++first) {
    if (is_written[first]) continue;
    std::vector<bool> rows(group.rows.size(), false), responses(group.responses.size(), false);
    for (size_t r = first; r < group.rows.size(); ++r) {
      if (names(group.rows[r]) != names(group.rows[first])) continue;
      rows[r] = is_written[r] = true;
      for (const int32_t place : group.rows[r].responses) responses[static_cast<size_t>(place)] = true;
    }
    parts.push_back(part_of(group, rows, responses));
  }
  return parts;
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
