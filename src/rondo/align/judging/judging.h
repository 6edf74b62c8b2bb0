// SPDX-License-Identifier: Apache-2.0
// judging/ turns what a preference model says of one group into what objectives, files and reports want of it.
//
//   sbar(i) = mean_j s(i,j)/tau          GPO; closed form, O(K)
//   Pbar(i) = mean_j sigmoid(s(i,j)/tau)  SPPO; from the table
//
// over j != i or with j = i included, and DSPPO's Pbar of the split scores (docs/align.md). The same for
// BT, GPM and HRC judges: a table is all that is asked for.
#pragma once

#include <string>
#include <vector>

#include "rondo/align/objectives/shared/objective.h"
#include "rondo/core/preference_table.h"

namespace rondo::align {

/// What the best and the worst response are chosen by: the mean probability with the diagonal, as the pairwise
/// objectives do (docs/align.md), or the mean score, as rankings and the published scripts do.
inline const std::vector<std::string> kPairNames = {"probability", "score"};

struct JudgeOptions {
  std::string mean = "leave_one_out";  // one of kMeanNames
  std::string pair = "probability";    // one of kPairNames
  int64_t iteration = 0;               // t of DSPPO's split; 0 = no split
  double lambda = 1;                   // of the split
  bool is_ordered = false;             // sums in a fixed order, as --deterministic asks for
};

/// A judge's verdict on K responses, in the type and on the device of the table.
struct JudgedGroup {
  Judgement judgement;          // what PolicyGroup::judged takes
  Tensor probabilities_KK;      // P(i beats j)
  Tensor mean_log_odds_K;       // sbar; 0 where K = 1
  Tensor mean_probabilities_K;  // Pbar; 1/2 where K = 1
  Tensor split_means_K;         // Pbar of the split scores; undefined without a split
  Tensor rewards_K;             // undefined where the judge has none
  bool is_scalar = false;       // rewards are all that the judge has (BT)
  int64_t best = 0;             // first ones where several are equal
  int64_t worst = 0;

  int64_t size() const { return probabilities_KK.size(0); }
  /// Nothing is preferred to anything: no pairwise objective can learn from this group.
  bool is_even() const { return best == worst; }
  /// Fills `judged`, `best` and `worst`.
  void fill(PolicyGroup& group) const;
};

/// table: one group without batch dimensions; tau of the judge's head. Carries no gradient.
/// Throws ModelError where a number is not finite, naming the response; DataError where there is no response.
JudgedGroup judge(const PreferenceTable& table, double tau, const JudgeOptions& options = {});

/// Variance over the group of what each axis adds to the mean score, gate included [A] (Judgement says what axes are).
/// Summed over the groups of an iteration, their shares are GPRL's drift monitor: a policy that games one plane makes
/// its share grow. arXiv:2605.18721.
Tensor axis_variances_A(const Judgement& judged);

/// Sums to 1; zeros where nothing varies.
Tensor axis_shares_A(const Tensor& variances_A);

}  // namespace rondo::align
