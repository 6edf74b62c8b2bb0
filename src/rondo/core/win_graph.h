// SPDX-License-Identifier: Apache-2.0
// Who beats whom among M responses, as bit rows: an arrow i -> j says that i is strictly preferred to j.
//
// Cyclic triads are sets {a, b, c} with a -> b -> c -> a. For every arrow a -> b the third members are the c with
// b -> c and c -> a, one AND of two rows per arrow; each triad is met at its three arrows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rondo {

class WinGraph {
 public:
  explicit WinGraph(int64_t responses);

  /// The strict preferences of a row-major M x M table of scores: i -> j where scores[i * M + j] > 0.
  static WinGraph from_scores(std::span<const double> scores, int64_t responses);

  void add_win(int64_t winner, int64_t loser);
  bool beats(int64_t winner, int64_t loser) const;

  int64_t responses() const { return responses_; }
  int64_t cyclic_triads() const;

 private:
  int64_t responses_;
  int64_t words_;                 // 64-bit words per row
  std::vector<uint64_t> wins_;    // row i: whom i beats
  std::vector<uint64_t> losses_;  // row i: who beats i
};

}  // namespace rondo
