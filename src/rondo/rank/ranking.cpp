// SPDX-License-Identifier: Apache-2.0
// Components are the strongly connected ones of the graph of strict preferences (Kosaraju's two passes, on rows of the
// table; quadratic, which is the size of the table).
#include "rondo/rank/ranking.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "rondo/base/error.h"
#include "rondo/core/win_graph.h"

namespace rondo::rank {
namespace {

constexpr int64_t kNone = -1;

std::vector<int64_t> descending(std::span<const double> values) {
  std::vector<int64_t> order(values.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
  });
  return order;
}

// Depth-first search without recursion (a ladder of 4,000 responses is 4,000 deep). Appends what it reaches from
// `start` to `finished`, each after everything that was reached from it.
template <typename Arrow>
void visit(int64_t start, int64_t responses, Arrow arrow, std::vector<bool>& seen, std::vector<int64_t>& finished) {
  struct Frame {
    int64_t node;
    int64_t next;
  };
  std::vector<Frame> stack{{start, 0}};
  seen[static_cast<size_t>(start)] = true;
  while (!stack.empty()) {
    const int64_t node = stack.back().node;
    int64_t& next = stack.back().next;
    while (next < responses && (seen[static_cast<size_t>(next)] || !arrow(node, next))) ++next;
    if (next == responses) {
      finished.push_back(node);
      stack.pop_back();
    } else {
      const int64_t target = next++;
      seen[static_cast<size_t>(target)] = true;
      stack.push_back({target, 0});
    }
  }
}

std::vector<std::vector<int64_t>> strong_components(const WinGraph& graph) {
  const int64_t responses = graph.responses();
  const auto forward = [&](int64_t a, int64_t b) { return graph.beats(a, b); };
  const auto backward = [&](int64_t a, int64_t b) { return graph.beats(b, a); };
  std::vector<bool> seen(static_cast<size_t>(responses), false);
  std::vector<int64_t> finished;
  for (int64_t node = 0; node < responses; ++node) {
    if (!seen[static_cast<size_t>(node)]) visit(node, responses, forward, seen, finished);
  }
  seen.assign(static_cast<size_t>(responses), false);
  std::vector<std::vector<int64_t>> components;
  for (auto node = finished.rbegin(); node != finished.rend(); ++node) {
    if (seen[static_cast<size_t>(*node)]) continue;
    visit(*node, responses, backward, seen, components.emplace_back());
  }
  return components;
}

// Breadth first from `start` until somebody beats `start`.
std::vector<int64_t> shortest_cycle(const WinGraph& graph, int64_t start) {
  std::vector<int64_t> parent(static_cast<size_t>(graph.responses()), kNone);
  std::vector<int64_t> queue{start};
  for (size_t head = 0; head < queue.size(); ++head) {
    const int64_t node = queue[head];
    if (graph.beats(node, start)) {
      std::vector<int64_t> cycle;
      for (int64_t step = node; step != start; step = parent[static_cast<size_t>(step)]) cycle.push_back(step);
      cycle.push_back(start);
      std::reverse(cycle.begin(), cycle.end());
      return cycle;
    }
    for (int64_t next = 0; next < graph.responses(); ++next) {
      if (next == start || parent[static_cast<size_t>(next)] != kNone || !graph.beats(node, next)) continue;
      parent[static_cast<size_t>(next)] = node;
      queue.push_back(next);
    }
  }
  return {};
}

std::vector<CycleComponent> cycle_components(const WinGraph& graph, const std::vector<int64_t>& order) {
  std::vector<size_t> place(order.size());
  for (size_t k = 0; k < order.size(); ++k) place[static_cast<size_t>(order[k])] = k;
  const auto earlier = [&](int64_t a, int64_t b) {
    return place[static_cast<size_t>(a)] < place[static_cast<size_t>(b)];
  };
  std::vector<CycleComponent> result;
  for (std::vector<int64_t>& members : strong_components(graph)) {
    if (members.size() < 2) continue;
    std::sort(members.begin(), members.end(), earlier);
    std::vector<int64_t> cycle = shortest_cycle(graph, members.front());
    result.push_back({std::move(members), std::move(cycle)});
  }
  std::sort(result.begin(), result.end(), [&](const CycleComponent& a, const CycleComponent& b) {
    return earlier(a.members.front(), b.members.front());
  });
  return result;
}

std::optional<int64_t> condorcet_winner(const WinGraph& graph) {
  // Only the last to survive a walk can beat everybody.
  int64_t candidate = 0;
  for (int64_t other = 1; other < graph.responses(); ++other) {
    if (!graph.beats(candidate, other)) candidate = other;
  }
  for (int64_t other = 0; other < graph.responses(); ++other) {
    if (other != candidate && !graph.beats(candidate, other)) return std::nullopt;
  }
  return candidate;
}

void expect_finite(std::span<const double> values, const char* what) {
  for (size_t k = 0; k < values.size(); ++k) {
    if (std::isfinite(values[k])) continue;
    throw DataError(std::string("table not ranked: ") + what + ": entry " + std::to_string(k) +
                    " is not a finite number; are the model's weights finite?");
  }
}

}  // namespace

Ranking rank_table(std::span<const double> scores, std::span<const double> mean_scores) {
  const auto responses = static_cast<int64_t>(mean_scores.size());
  expect_finite(scores, "scores");
  expect_finite(mean_scores, "mean_scores");
  const WinGraph graph = WinGraph::from_scores(scores, responses);
  Ranking ranking;
  ranking.order = descending(mean_scores);
  if (responses == 0) return ranking;
  ranking.best = ranking.order.front();
  ranking.condorcet_winner = condorcet_winner(graph);
  ranking.components = cycle_components(graph, ranking.order);
  ranking.cyclic_triads = graph.cyclic_triads();
  return ranking;
}

nlohmann::ordered_json to_json(const Ranking& ranking) {
  nlohmann::ordered_json json;
  json["order"] = ranking.order;
  json["best"] = ranking.best;
  json["condorcet_winner"] = nullptr;
  if (ranking.condorcet_winner) json["condorcet_winner"] = *ranking.condorcet_winner;
  json["cycles"] = nlohmann::ordered_json::array();
  for (const CycleComponent& component : ranking.components) json["cycles"].push_back(component.cycle);
  json["cyclic_triads"] = ranking.cyclic_triads;
  return json;
}

}  // namespace rondo::rank
