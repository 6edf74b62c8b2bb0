// SPDX-License-Identifier: Apache-2.0
#include "rondo/metrics/triads.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>
#include <vector>

#include "rondo/base/random.h"
#include "rondo/core/win_graph.h"

namespace rondo::metrics {
namespace {

constexpr size_t kTriadEdges = 3;

// A pair of responses, low index first: how far the label and the score lean to the low one.
struct Lean {
  int32_t low;
  int32_t high;
  double label;
  double score;
};

// One entry per pair, sorted; duplicates summed.
std::vector<Lean> pairs_of(std::span<const ScoredComparison> comparisons, std::span<const size_t> members) {
  std::vector<Lean> pairs;
  for (const size_t index : members) {
    const ScoredComparison& c = comparisons[index];
    if (c.i == c.j) continue;
    const double sign = c.i < c.j ? 1 : -1;
    pairs.push_back({std::min(c.i, c.j), std::max(c.i, c.j), sign * c.weight * (c.p - 0.5), sign * c.z});
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Lean& a, const Lean& b) { return std::pair(a.low, a.high) < std::pair(b.low, b.high); });
  size_t kept = 0;
  for (size_t k = 0; k < pairs.size(); ++k) {
    if (kept > 0 && pairs[kept - 1].low == pairs[k].low && pairs[kept - 1].high == pairs[k].high) {
      pairs[kept - 1].label += pairs[k].label;
    } else {
      pairs[kept++] = pairs[k];
    }
  }
  pairs.resize(kept);
  return pairs;
}

// The responses that take part, renumbered; a seeded sample where they are too many.
std::unordered_map<int32_t, int64_t> renumber(const std::vector<Lean>& pairs, int64_t limit, Random random) {
  std::vector<int32_t> responses;
  for (const Lean& pair : pairs) responses.insert(responses.end(), {pair.low, pair.high});
  std::sort(responses.begin(), responses.end());
  responses.erase(std::unique(responses.begin(), responses.end()), responses.end());
  std::unordered_map<int32_t, int64_t> numbers;
  for (const int64_t place : random.sample(static_cast<int64_t>(responses.size()), limit)) {
    numbers.emplace(responses[static_cast<size_t>(place)], static_cast<int64_t>(numbers.size()));
  }
  return numbers;
}

void add_arrow(WinGraph& graph, double lean, int64_t low, int64_t high) {
  if (lean > 0) graph.add_win(low, high);
  if (lean < 0) graph.add_win(high, low);
}

TriadCount count_group(const std::vector<Lean>& pairs, const std::unordered_map<int32_t, int64_t>& numbers) {
  const auto responses = static_cast<int64_t>(numbers.size());
  WinGraph labels(responses), right(responses);
  for (const Lean& pair : pairs) {
    const auto low = numbers.find(pair.low), high = numbers.find(pair.high);
    if (low == numbers.end() || high == numbers.end()) continue;
    add_arrow(labels, pair.label, low->second, high->second);
    if (pair.label * pair.score > 0) add_arrow(right, pair.label, low->second, high->second);
  }
  return {.cyclic = labels.cyclic_triads(), .right = right.cyclic_triads()};
}

}  // namespace

TriadCount count_triads(std::span<const ScoredComparison> comparisons, const TriadOptions& options) {
  std::map<int64_t, std::vector<size_t>> by_group;
  for (size_t k = 0; k < comparisons.size(); ++k) by_group[comparisons[k].group].push_back(k);
  TriadCount total;
  uint64_t stream = 0;
  for (const auto& [group, members] : by_group) {
    ++stream;
    if (members.size() < kTriadEdges) continue;
    const std::vector<Lean> pairs = pairs_of(comparisons, members);
    const Random random = Random(options.seed).split(stream);
    const auto everybody = renumber(pairs, static_cast<int64_t>(2 * pairs.size()), random);
    const bool sampled = static_cast<int64_t>(everybody.size()) > options.exact_responses;
    const TriadCount count = count_group(pairs, sampled ? renumber(pairs, options.exact_responses, random) : everybody);
    total.cyclic += count.cyclic;
    total.right += count.right;
    total.sampled_groups += sampled ? 1 : 0;
  }
  return total;
}

}  // namespace rondo::metrics
