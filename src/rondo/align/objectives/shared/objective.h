// SPDX-License-Identifier: Apache-2.0
// Policy objectives over one group: K responses of one prompt, their log-probabilities and what the judge said of them.
// An objective is one .cpp in this folder and one line in objectives.def.
//
// D(y) = log pi_theta(y|x) - log pi_ref(y|x), summed over response tokens. All targets are in log-odds (nats): beta is
// on that scale whatever the judge (docs/align.md). Sums over responses are means over the group, so that groups of any
// size weigh the same.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/base/config.h"
#include "rondo/base/tensor.h"
#include "rondo/core/preference_table.h"

namespace rondo::align {

/// What a judge says of K responses, in score units. Means are leave-one-out; transitive_K are the rewards of an HRC
/// judge or f(v_i) of docs/methods.md, The score kernel. A judge's numbers carry no gradient.
///
/// Axes are what a score is the sum of: the reward where there is one, then the planes of the embedding. Without them
/// (a table from elsewhere) the mean score is the only axis.
struct Judgement {
  Tensor mean_scores_K;
  Tensor scores_KK;
  Tensor transitive_K;
  double tau = 1;
  Tensor axis_means_KA = {};   // mean score on each axis, the gate left out; undefined = mean_scores_K
  Tensor axis_weights_A = {};  // 1 for the reward, the gate for planes; undefined = ones
};

/// From a head's table; means by the closed forms, in O(K).
Judgement judgement_of(const PreferenceTable& table, double tau);

/// DSPPO's scores of iteration t = 1, 2, ... [K, K]: (1 + lambda/sqrt t) s_T + (1 - lambda/sqrt t) s_C.
Tensor split_scores_KK(const Judgement& judged, double lambda, int64_t iteration);

/// Token log-probabilities of the T response tokens of a group, response after response.
struct TokenLogProbs {
  Tensor policy_T;       // with gradient
  Tensor old_T;          // of the policy that sampled
  Tensor reference_T;    // what the KL term pulls to
  Tensor response_of_T;  // int64, which response a token belongs to
};

struct PolicyGroup {
  Tensor log_prob_K;     // log pi_theta, with gradient
  Tensor reference_K;    // log pi_ref of D
  Tensor last_K;         // log-probability under the previous iterate; objectives with needs_last
  Tensor magnet_K;       // under the magnet; undefined without one
  Tensor length_K;       // response tokens
  TokenLogProbs tokens;  // objectives with needs_tokens
  Judgement judged;
  /// The preferred and the rejected response; see choose_pair. Objectives that learn from pairs take any number P of
  /// them at once: the tensors above are then [2, P], and the loss is [P].
  int64_t best = 0;
  int64_t worst = 0;
  /// Labelled margins in log-odds by which the best should win [P]; undefined = 0. Objectives with takes_margin.
  Tensor margin_P = {};

  /// D.
  Tensor log_ratio_K() const;
  /// f(best) - f(worst).
  Tensor gap(const Tensor& values_K) const;
  /// Log-odds that the best is preferred, less the labelled margin.
  Tensor beyond_margin(const Tensor& log_odds) const;
};

inline const std::vector<std::string> kMeanNames = {"leave_one_out", "with_self"};
inline const std::vector<std::string> kLogZNames = {"zero", "sample", "mean"};
inline const std::vector<std::string> kOnNames = {"all", "best_worst"};
inline const std::vector<std::string> kAverageNames = {"sum", "length"};

struct ObjectiveConfig {
  std::string objective = "gpo";
  double beta = 1;
  std::string mean = "leave_one_out";
  std::string log_z = "mean";
  std::string on = "all";
  std::string average = "sum";
  double smoothing = 0.1;
  double gamma = 0.5;
  double kl = 0.1;
  double step = 1;
  double ratio_clip = 0.2;
  double lambda = 1;
  int64_t iteration = 1;
  double magnet_weight = 0;
  /// gprl: how much each axis of Judgement counts, as a drift monitor sets it; empty = ones.
  std::vector<double> axis_multipliers = {};
};

/// The fields that a user chooses; `iteration` and `axis_multipliers` are set by the loop.
void describe(FieldVisitor& v, ObjectiveConfig& c);

/// A worked example: two responses of 2 and 4 tokens, log-probability log_prob against the reference (-1, -2) and the
/// previous iterate (-1.5, -2.5), s(0, 1) = score at tau 1.
struct ObjectiveExample {
  double log_prob[2] = {0, 0};
  double score = 0;
};

/// Every objective says what its loss is here: on the reference, with the judge and against it.
inline constexpr std::array<ObjectiveExample, 3> kObjectiveExamples = {{
    {.log_prob = {-1.0, -2.0}, .score = 1.0},
    {.log_prob = {-0.5, -3.0}, .score = 1.0},
    {.log_prob = {-0.5, -3.0}, .score = -2.0},
}};

/// What an objective reads beside log-probabilities: the judge's scores, which of two responses is preferred (best and
/// worst), or nothing.
enum class LearnsFrom { kScores, kPair, kResponses };

/// As it stands: learns from a judge's scores, has no target, and its reference is the base policy.
struct ObjectiveEntry {
  std::string_view name;
  std::string_view cite;
  /// The loss of one group, a scalar with gradient.
  Tensor (*loss)(const PolicyGroup& group, const ObjectiveConfig& config);
  /// What D is regressed on, in nats [K]; null where the objective has no such target.
  Tensor (*target)(const PolicyGroup& group, const ObjectiveConfig& config) = nullptr;
  bool needs_last = false;
  bool needs_tokens = false;
  LearnsFrom learns_from = LearnsFrom::kScores;
  /// What it learns from pairs is log-odds, from which a labelled margin is taken.
  bool takes_margin = false;
  /// The reference is the policy that sampled, unless a user says otherwise; the base policy where false.
  bool is_self_play = false;
  /// The loss at each of kObjectiveExamples.
  std::array<double, kObjectiveExamples.size()> expected;
};

/// "p, weight, margin": the labels of data that the objective uses; "" where it uses none but who is preferred.
std::string used_labels(const ObjectiveEntry& objective);

std::span<const ObjectiveEntry* const> all_objectives();
/// Throws ConfigError with the nearest name.
const ObjectiveEntry& objective_by_name(std::string_view name);
std::vector<std::string> objective_names();

/// Best and worst by mean probability with the diagonal (docs/align.md, SPPO); first ones where equal.
void choose_pair(PolicyGroup& group);

#define OBJECTIVE(name) extern const ObjectiveEntry name##_entry;
#include "rondo/align/objectives/objectives.def"
#undef OBJECTIVE

}  // namespace rondo::align
