// SPDX-License-Identifier: Apache-2.0
// The score kernel and what follows from it in closed form (docs/methods.md, The score kernel).
//
//   s(i,j) = (r_i - r_j) + sum_l lambda_l ( v_i[2l] v_j[2l+1] - v_i[2l+1] v_j[2l] )
//
// BT has rewards alone, GPM embeddings and a gate, HRC all three; item models are the same kernel on table rows. The
// sign is arXiv:2410.02197 eq. 4.1: positive means i is preferred.
#pragma once

#include <span>
#include <string>

#include "rondo/base/tensor.h"

namespace rondo {

/// What a head says of M responses of one group. Undefined parts are absent from the kernel; a GPM without a gate has
/// an undefined gate_P (all ones). Leading batch dimensions are allowed everywhere ([..., M], [..., M, E], [..., P]).
/// A pairwise model has no parts but the scores themselves, and no closed forms: everything is read off the table.
struct PreferenceTable {
  Tensor rewards_M;
  Tensor embeddings_ME;
  Tensor gate_P;
  Tensor pairwise_MM;  // skew scores of a pairwise model
  /// Of each response the first one that is the same to the model (int64); undefined where all differ. Their scores
  /// against each other are exactly 0, and against others equal to the last bit.
  Tensor same_M = {};

  int64_t response_count() const;
  /// The table of these responses, in this order; some may be named several times, and are the same.
  PreferenceTable of_responses(std::span<const int64_t> places) const;

  /// s(i,j) for all pairs [..., M, M], skew to the last bit: U - U' with U = (lambda V_even) V_odd'.
  Tensor scores_MM() const;
  /// Leave-one-out mean score of each response [..., M]: mean over j != i of s(i,j), 0 where M = 1. O(M E).
  Tensor mean_scores_M() const;
  /// Mean score with j = i included [..., M] (the paper's estimator). O(M E).
  Tensor mean_scores_with_self_M() const;
  /// f(v_i) = s(v_i, mean v) of the skew term [..., M] (docs/methods.md, The score kernel); rewards are added where
  /// present.
  Tensor transitive_M() const;
  /// c(v_i, v_j) = skew term of centred embeddings [..., M, M].
  Tensor cyclic_MM() const;
  /// The same table with the sums in a fixed order, so that an entry has the same bits in a group of any size.
  Tensor scores_ordered_MM() const;
};

/// "response 2 of 3: its reward", or "the prompt: its gate": what of a table is not finite, since a damaged response
/// spoils every entry of its row and column of the scores. "" where everything is.
std::string first_damage(const PreferenceTable& table);

/// How what a pairwise model says of (i, j) and of (j, i) becomes one skew score.
///   kScores         (T - T') / 2, never T - T' (docs/methods.md, The score kernel)
///   kProbabilities  the log-odds, times tau, of the mean of P(i first) and 1 - P(j first), as RLHFlow averages
enum class OrderAverage { kScores, kProbabilities };

/// logits_MM [..., M, M]: positive where the first of a pair is preferred. Skew to the last bit.
Tensor average_orders(const Tensor& logits_MM, OrderAverage average, double tau);

/// The skew term of embeddings against a mean embedding [..., E]: O(M E).
Tensor skew_against(const Tensor& embeddings_ME, const Tensor& mean_E, const Tensor& gate_P);

}  // namespace rondo
