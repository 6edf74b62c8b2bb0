// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/objectives/shared/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>

#include <cmath>

#include "rondo/align/objectives/shared/targets.h"
#include "rondo/base/error.h"
#include "rondo/base/nearest.h"

namespace rondo::align {
namespace {

constexpr const ObjectiveEntry* kObjectives[] = {
#define OBJECTIVE(name) &name##_entry,
#include "rondo/align/objectives/objectives.def"
#undef OBJECTIVE
};

// Each response against the mean embedding, plane by plane and without the gate [K, P].
Tensor plane_means_KP(const Tensor& embeddings_KE) {
  const Tensor planes_KP2 = embeddings_KE.unflatten(-1, {-1, 2});
  const Tensor even_KP = planes_KP2.select(-1, 0), odd_KP = planes_KP2.select(-1, 1);
  return even_KP * odd_KP.mean(0) - odd_KP * even_KP.mean(0);
}

void add_axes(const PreferenceTable& table, Judgement& judged) {
  std::vector<Tensor> means, weights;
  if (table.rewards_M.defined()) {
    means.push_back((table.rewards_M - table.rewards_M.mean()).unsqueeze(1));
    weights.push_back(at::ones({1}, table.rewards_M.options()));
  }
  if (table.embeddings_ME.defined()) {
    means.push_back(plane_means_KP(table.embeddings_ME));
    weights.push_back(table.gate_P.defined() ? table.gate_P
                                             : at::ones({means.back().size(1)}, table.embeddings_ME.options()));
  }
  // A pairwise judge has nothing but its table.
  if (means.empty()) return;
  const auto count = static_cast<double>(judged.mean_scores_K.size(0));
  judged.axis_means_KA = at::cat(means, 1) * (count > 1 ? count / (count - 1) : 0);
  judged.axis_weights_A = at::cat(weights);
}

}  // namespace

Judgement judgement_of(const PreferenceTable& table, double tau) {
  // An HRC judge names its transitive part itself; for a GPM it is the Hodge part of the skew term.
  const bool is_split = table.rewards_M.defined() && table.embeddings_ME.defined();
  Judgement judged{.mean_scores_K = table.mean_scores_M(),
                   .scores_KK = table.scores_MM(),
                   .transitive_K = is_split ? table.rewards_M : table.transitive_M(),
                   .tau = tau};
  add_axes(table, judged);
  return judged;
}

Tensor split_scores_KK(const Judgement& judged, double lambda, int64_t iteration) {
  const Tensor transitive_KK = judged.transitive_K.unsqueeze(1) - judged.transitive_K.unsqueeze(0);
  const double shift = lambda / std::sqrt(static_cast<double>(iteration));
  return (1 + shift) * transitive_KK + (1 - shift) * (judged.scores_KK - transitive_KK);
}

Tensor PolicyGroup::log_ratio_K() const { return log_prob_K - reference_K; }

Tensor PolicyGroup::gap(const Tensor& values_K) const { return values_K[best] - values_K[worst]; }

Tensor PolicyGroup::beyond_margin(const Tensor& log_odds) const {
  return margin_P.defined() ? log_odds - margin_P : log_odds;
}

std::string used_labels(const ObjectiveEntry& objective) {
  if (objective.learns_from != LearnsFrom::kPair) return "";
  return objective.takes_margin ? "p, weight, margin" : "p, weight";
}

std::span<const ObjectiveEntry* const> all_objectives() { return kObjectives; }

std::vector<std::string> objective_names() {
  std::vector<std::string> names;
  for (const ObjectiveEntry* objective : kObjectives) names.emplace_back(objective->name);
  return names;
}

const ObjectiveEntry& objective_by_name(std::string_view name) {
  for (const ObjectiveEntry* objective : kObjectives) {
    if (objective->name == name) return *objective;
  }
  throw ConfigError(unknown_name_message("objective", name, objective_names()));
}

void choose_pair(PolicyGroup& group) {
  const Tensor mean_K = mean_probability_K(group.judged.scores_KK, group.judged.tau, "with_self");
  group.best = mean_K.argmax().item<int64_t>();
  group.worst = mean_K.argmin().item<int64_t>();
}

void describe(FieldVisitor& v, ObjectiveConfig& c) {
  v.choice("objective", c.objective, "row of the objectives table", objective_names());
  v.number("beta", c.beta, "strength of the reference, in log-odds; targets are divided by it", 1e-6, 1e6);
  v.choice("mean", c.mean, "gpo, sppo, dsppo: mean over the other responses, or with the response itself", kMeanNames);
  v.choice("log_z", c.log_z, "gpo, ln_gpo: log-partition: zero, estimated from the sample, or centring the residual",
           kLogZNames);
  v.choice("on", c.on, "sppo, dsppo: all responses, or the best and the worst", kOnNames);
  v.choice("average", c.average, "ipo: log-ratios summed, or per token", kAverageNames);
  v.number("smoothing", c.smoothing, "cdpo, robust_dpo: assumed share of flipped labels", 0.0, 0.4999);
  v.number("gamma", c.gamma, "simpo: margin", 0.0, 1e3);
  v.number("kl", c.kl, "inpo: weight of the reference; grpo, gprl: weight of the KL term", 0.0, 1e3);
  v.number("step", c.step, "inpo: step size eta", 1e-6, 1e6);
  v.number("ratio_clip", c.ratio_clip, "grpo, gprl: probability ratios are clipped to 1 +- this", 0.0, 1.0);
  v.number("lambda", c.lambda, "dsppo: how much more the transitive part weighs at first", 0.0, 1e3);
  v.number("magnet_weight", c.magnet_weight, "gpo, ln_gpo, sppo, dsppo: pull to the magnet policy", 0.0, 1e3);
}

}  // namespace rondo::align
