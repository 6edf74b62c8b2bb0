// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/policy/policy_objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "rondo/base/error.h"

namespace rondo::align {
namespace {

Tensor rows_of(const Tensor& values, std::span<const int64_t> chosen) {
  return values.defined() ? values.index_select(0, at::tensor(at::IntArrayRef(chosen.data(), chosen.size()))) : values;
}

// A judgement of some responses of a group; means stay those against the whole group.
Judgement part_of(const Judgement& judged, std::span<const int64_t> chosen) {
  if (static_cast<int64_t>(chosen.size()) == judged.scores_KK.size(0)) return judged;
  const Tensor columns = rows_of(judged.scores_KK, chosen).transpose(0, 1);
  return {.mean_scores_K = rows_of(judged.mean_scores_K, chosen),
          .scores_KK = rows_of(columns, chosen).transpose(0, 1),
          .transitive_K = rows_of(judged.transitive_K, chosen),
          .tau = judged.tau,
          .axis_means_KA = rows_of(judged.axis_means_KA, chosen),
          .axis_weights_A = judged.axis_weights_A};
}

constexpr float kEven = 0.5F;

// What a group counts beside others: as much as its labels do on average, so that many of them do not weigh more.
double mean_weight(const GroupSelection& selection) {
  double total = 0;
  for (const Comparison& c : selection.comparisons) total += c.weight;
  return selection.comparisons.empty() ? 0 : total / static_cast<double>(selection.comparisons.size());
}

// From the side of the response that is preferred.
Comparison preferred_first(Comparison c) {
  if (c.p >= kEven) return c;
  return {.i = c.j, .j = c.i, .p = 1 - c.p, .tie = c.tie, .weight = c.weight, .margin = -c.margin};
}

Tensor numbers(const std::vector<double>& values, const Tensor& like) {
  return at::tensor(values, at::TensorOptions().dtype(at::kDouble)).to(like.options());
}

}  // namespace

PolicyObjective::PolicyObjective(const model::Model& policy, const ObjectiveConfig& config,
                                 const PolicyEvidence& evidence, const PolicyLimits& limits)
    : policy_(policy),
      config_(config),
      entry_(objective_by_name(config.objective)),
      evidence_(evidence),
      limits_(limits) {
  if (evidence_.judged.empty() && entry_.learns_from == LearnsFrom::kScores) {
    throw ConfigError("objective '" + config.objective +
                      "' needs the scores of a judge: give `judge` and `prompts`, or choose one that learns from "
                      "labelled pairs, such as dpo");
  }
}

bool PolicyObjective::learns_from_labels() const {
  return entry_.learns_from == LearnsFrom::kPair && evidence_.judged.empty();
}

PackOptions PolicyObjective::pack_options() const { return {.lm_targets = LmTargets::kAll}; }

bool PolicyObjective::teaches(const GroupSelection& selection) const {
  if (selection.responses.empty()) return false;
  return entry_.learns_from != LearnsFrom::kPair || !evidence_.judged.empty() || !selection.comparisons.empty();
}

// Supervised fine-tuning learns from the responses that won a comparison, as the language-model term of preference
// models does; from all of them where nothing is labelled.
GroupSelection PolicyObjective::winners_of(const GroupSelection& selection) const {
  std::set<int64_t> places;
  for (const Comparison& c : selection.comparisons) {
    if (c.p != kEven) places.insert(c.p > kEven ? c.i : c.j);
  }
  if (places.empty()) return selection;
  std::vector<int64_t> responses;
  for (const int64_t place : places) responses.push_back(selection.responses[static_cast<size_t>(place)]);
  GroupSelection winners = select(*selection.group, std::move(responses));
  winners.index = selection.index;
  return winners;
}

train::StepCounts PolicyObjective::counts(std::span<const GroupSelection> selections) const {
  train::StepCounts counts;
  for (const GroupSelection& s : selections) {
    if (teaches(s)) counts.weight += learns_from_labels() ? mean_weight(s) : 1;
  }
  return counts;
}

PolicyGroup PolicyObjective::group_at_reference(const GroupSelection& selection) const {
  const std::span<const int64_t> chosen(selection.responses);
  PolicyGroup group;
  group.reference_K = evidence_.reference->sums_K(selection.index, chosen);
  group.log_prob_K = group.reference_K;
  group.last_K = evidence_.last ? evidence_.last->sums_K(selection.index, chosen) : group.reference_K;
  if (evidence_.magnet) group.magnet_K = evidence_.magnet->sums_K(selection.index, chosen);
  std::vector<double> lengths;
  for (const int64_t r : chosen)
    lengths.push_back(static_cast<double>(evidence_.reference->length(selection.index, r)));
  group.length_K = at::tensor(lengths).to(group.reference_K.scalar_type());
  if (evidence_.judged.empty()) return group;
  group.judged = part_of(evidence_.judged[static_cast<size_t>(selection.index)], chosen);
  choose_pair(group);
  return group;
}

PolicyGroup PolicyObjective::group_of(const GroupSelection& selection, const ResponseLogProbs& probs,
                                      int64_t first_response, int64_t first_token) const {
  PolicyGroup group = group_at_reference(selection);
  const auto count = static_cast<int64_t>(selection.responses.size());
  const at::Device device = probs.sum_R.device();
  for (Tensor* part : {&group.reference_K, &group.last_K, &group.magnet_K, &group.length_K, &group.judged.mean_scores_K,
                       &group.judged.scores_KK, &group.judged.transitive_K, &group.judged.axis_means_KA,
                       &group.judged.axis_weights_A}) {
    if (part->defined()) *part = part->to(device);
  }
  group.log_prob_K = probs.sum_R.narrow(0, first_response, count);
  if (!entry_.needs_tokens) return group;
  const std::span<const int64_t> chosen(selection.responses);
  const StoredLogProbs& old = evidence_.last ? *evidence_.last : *evidence_.reference;
  const Tensor old_T = old.tokens_T(selection.index, chosen).to(device);
  group.tokens = {.policy_T = probs.token_T.narrow(0, first_token, old_T.numel()),
                  .old_T = old_T,
                  .reference_T = evidence_.reference->tokens_T(selection.index, chosen).to(device),
                  .response_of_T = probs.response_of_T.narrow(0, first_token, old_T.numel()) - first_response};
  return group;
}

Tensor PolicyObjective::loss_of_groups(std::span<const GroupSelection> selections, const ResponseLogProbs& probs,
                                       train::ObjectiveReport& report) const {
  Tensor total;
  int64_t first_response = 0, first_token = 0;
  for (const GroupSelection& selection : selections) {
    if (teaches(selection)) {
      const PolicyGroup group = group_of(selection, probs, first_response, first_token);
      const Tensor log_ratio_K = group.log_ratio_K().detach();
      if (!evidence_.judged.empty()) {
        report.decided += 1;
        report.correct += group.gap(log_ratio_K).item<double>() > 0 ? 1 : 0;
      }
      const Tensor loss = entry_.loss(group, config_);
      total = total.defined() ? total + loss : loss;
      report.weight += 1;
      const Tensor drift_K = log_ratio_K / group.length_K;
      report.further["log_ratio_per_token"] += drift_K.mean().item<double>();
      report.further["drift_per_token"] += drift_K.abs().mean().item<double>();
    }
    first_response += static_cast<int64_t>(selection.responses.size());
    for (const int64_t r : selection.responses) first_token += evidence_.reference->length(selection.index, r);
  }
  return total;
}

namespace {

// The labelled pairs of some groups as one batch: they know nothing of their group.
struct LabelledPairs {
  std::vector<int64_t> preferred, rejected;  // among the responses of all groups
  std::vector<double> p, margin;             // of the preferred one
  std::vector<double> shares;                // of a group's weight, by pair; and by response
  std::vector<double> response_shares;
  double weight = 0;

  explicit LabelledPairs(std::span<const GroupSelection> selections) {
    for (const GroupSelection& selection : selections) {
      const auto first = std::ssize(response_shares);
      const auto count = static_cast<double>(selection.comparisons.size());
      for (const Comparison& labelled : selection.comparisons) {
        const Comparison c = preferred_first(labelled);
        preferred.push_back(first + c.i);
        rejected.push_back(first + c.j);
        p.push_back(c.p);
        margin.push_back(c.margin);
        shares.push_back(c.weight / count);
      }
      const double group_weight = mean_weight(selection);
      response_shares.insert(response_shares.end(), selection.responses.size(),
                             group_weight / static_cast<double>(selection.responses.size()));
      weight += group_weight;
    }
  }
  bool is_soft() const {
    return std::ranges::any_of(p, [](double value) { return value != 1; });
  }
  bool has_margins() const {
    return std::ranges::any_of(margin, [](double value) { return value != 0; });
  }
};

// p l(z - m) + (1 - p) l(m - z) for each pair, where z is what the objective makes of the preferred and the rejected.
Tensor labelled_loss_P(const ObjectiveEntry& objective, const ObjectiveConfig& config, const LabelledPairs& pairs,
                       PolicyGroup& group) {
  if (pairs.has_margins()) group.margin_P = numbers(pairs.margin, group.reference_K);
  const Tensor loss_P = objective.loss(group, config);
  if (!pairs.is_soft()) return loss_P;
  PolicyGroup reversed = group;
  std::swap(reversed.best, reversed.worst);
  if (pairs.has_margins()) reversed.margin_P = -group.margin_P;
  const Tensor p_P = numbers(pairs.p, loss_P);
  return p_P * loss_P + (1 - p_P) * objective.loss(reversed, config);
}

}  // namespace

// A group's loss is the weighted sum over its pairs, by their number.
Tensor PolicyObjective::loss_of_pairs(std::span<const GroupSelection> selections, const ResponseLogProbs& probs,
                                      train::ObjectiveReport& report) const {
  const LabelledPairs pairs(selections);
  report.weight += pairs.weight;
  const auto pair_count = std::ssize(pairs.preferred);
  if (pair_count == 0) return {};
  std::vector<int64_t> rows = pairs.preferred;
  rows.insert(rows.end(), pairs.rejected.begin(), pairs.rejected.end());
  const Tensor rows_2P = at::tensor(rows).to(probs.sum_R.device());
  const auto by_pair = [&](const Tensor& x_R) { return x_R.index_select(0, rows_2P).view({2, pair_count}); };
  const auto stored_R = [&](const StoredLogProbs& stored) {
    std::vector<Tensor> sums;
    for (const GroupSelection& s : selections) {
      if (!s.responses.empty()) sums.push_back(stored.sums_K(s.index, s.responses));
    }
    return at::cat(sums).to(probs.sum_R.device());
  };
  const Tensor reference_R = stored_R(*evidence_.reference);
  PolicyGroup group{.log_prob_K = by_pair(probs.sum_R), .reference_K = by_pair(reference_R)};
  group.last_K = evidence_.last ? by_pair(stored_R(*evidence_.last)) : group.reference_K;
  if (evidence_.magnet) group.magnet_K = by_pair(stored_R(*evidence_.magnet));
  group.length_K = by_pair(probs.length_R);
  group.best = 0;
  group.worst = 1;

  const Tensor gap_P = group.gap(group.log_ratio_K().detach());
  const Tensor is_decided_P = numbers(pairs.p, gap_P) != kEven;
  report.decided += is_decided_P.sum().item<double>();
  report.correct += (gap_P > 0).logical_and(is_decided_P).sum().item<double>();
  const Tensor drift_R = (probs.sum_R.detach() - reference_R) / probs.length_R;
  const Tensor share_R = numbers(pairs.response_shares, drift_R);
  report.further["log_ratio_per_token"] += (drift_R * share_R).sum().item<double>();
  report.further["drift_per_token"] += (drift_R.abs() * share_R).sum().item<double>();
  const Tensor loss_P = labelled_loss_P(entry_, config_, pairs, group);
  return (loss_P * numbers(pairs.shares, loss_P)).sum();
}

train::ObjectiveReport PolicyObjective::backward(std::span<const GroupSelection> selections,
                                                 const train::StepCounts& step) const {
  std::vector<GroupSelection> winners;
  if (entry_.learns_from == LearnsFrom::kResponses && evidence_.judged.empty()) {
    for (const GroupSelection& selection : selections) winners.push_back(winners_of(selection));
    selections = winners;
  }
  const PackedBatch batch = pack(selections, pack_options()).to(policy_.device());
  const ResponseLogProbs probs = response_log_probs(policy_, batch, {.recompute_blocks = limits_.recompute});
  train::ObjectiveReport report;
  const Tensor total =
      learns_from_labels() ? loss_of_pairs(selections, probs, report) : loss_of_groups(selections, probs, report);
  report.responses = batch.response_count();
  report.tokens = batch.layout.token_count;
  if (!total.defined()) return report;
  report.loss_sum = total.item<double>();
  const double drift = report.further["drift_per_token"] / report.weight;
  if (std::isfinite(report.loss_sum) && !(drift <= limits_.max_drift)) {
    throw DataError(fmt::format(
        "the policy ran away from its reference: {:.3g} nats per token on average, `max_drift` is {:.3g}; lower `lr` "
        "or raise `beta`",
        drift, limits_.max_drift));
  }
  (total / step.weight).backward();
  return report;
}

}  // namespace rondo::align
