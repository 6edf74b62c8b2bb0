// SPDX-License-Identifier: Apache-2.0
// rank/ turns an M x M table of scores into what people ask for: an order, the best response, and whether the
// preferences run in circles.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <vector>

namespace rondo::rank {

/// Responses that can all be reached from each other along strict preferences: no order fits them.
struct CycleComponent {
  std::vector<int64_t> members;  // highest mean score first
  /// A shortest cycle through the first member: each entry beats the next, the last beats the first.
  std::vector<int64_t> cycle;
};

struct Ranking {
  std::vector<int64_t> order;  // highest mean score first; equal ones keep their order
  int64_t best = -1;           // order[0]; -1 where there is no response
  /// The response that is strictly preferred to every other, where there is one.
  std::optional<int64_t> condorcet_winner;
  std::vector<CycleComponent> components;  // by their best member's place in the order
  int64_t cyclic_triads = 0;               // exact
};

/// scores: row-major M x M, positive where the row is preferred to the column; mean_scores: M numbers that order them.
/// Throws DataError where a number is not finite.
Ranking rank_table(std::span<const double> scores, std::span<const double> mean_scores);

/// {"order", "best", "condorcet_winner", "cycles", "cyclic_triads"}; `cycles` lists one cycle per component.
nlohmann::ordered_json to_json(const Ranking& ranking);

}  // namespace rondo::rank
