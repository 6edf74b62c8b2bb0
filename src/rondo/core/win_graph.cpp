// SPDX-License-Identifier: Apache-2.0
#include "rondo/core/win_graph.h"

#include <bit>

#include "rondo/base/error.h"

namespace rondo {
namespace {

constexpr int64_t kWordBits = 64;

uint64_t bit_of(int64_t index) { return uint64_t{1} << (index % kWordBits); }

}  // namespace

WinGraph::WinGraph(int64_t responses)
    : responses_(responses),
      words_((responses + kWordBits - 1) / kWordBits),
      wins_(static_cast<size_t>(responses * words_)),
      losses_(wins_.size()) {}

WinGraph WinGraph::from_scores(std::span<const double> scores, int64_t responses) {
  RONDO_ASSERT(static_cast<int64_t>(scores.size()) == responses * responses, "a table of M x M scores");
  WinGraph graph(responses);
  for (int64_t i = 0; i < responses; ++i) {
    for (int64_t j = 0; j < responses; ++j) {
      if (scores[static_cast<size_t>(i * responses + j)] > 0) graph.add_win(i, j);
    }
  }
  return graph;
}

void WinGraph::add_win(int64_t winner, int64_t loser) {
  RONDO_ASSERT(winner >= 0 && winner < responses_ && loser >= 0 && loser < responses_, "indices of the graph");
  wins_[static_cast<size_t>(winner * words_ + loser / kWordBits)] |= bit_of(loser);
  losses_[static_cast<size_t>(loser * words_ + winner / kWordBits)] |= bit_of(winner);
}

bool WinGraph::beats(int64_t winner, int64_t loser) const {
  return (wins_[static_cast<size_t>(winner * words_ + loser / kWordBits)] & bit_of(loser)) != 0;
}

int64_t WinGraph::cyclic_triads() const {
  int64_t at_arrows = 0;
  for (int64_t a = 0; a < responses_; ++a) {
    const uint64_t* beaters_of_a = &losses_[static_cast<size_t>(a * words_)];
    for (int64_t b = 0; b < responses_; ++b) {
      if (!beats(a, b)) continue;
      const uint64_t* beaten_by_b = &wins_[static_cast<size_t>(b * words_)];
      for (int64_t word = 0; word < words_; ++word) at_arrows += std::popcount(beaten_by_b[word] & beaters_of_a[word]);
    }
  }
  return at_arrows / 3;
}

}  // namespace rondo
