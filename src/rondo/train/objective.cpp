// SPDX-License-Identifier: Apache-2.0
#include "rondo/train/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/index_select.h>

#include "rondo/base/error.h"
#include "rondo/model/log_probs.h"

namespace rondo::train {
namespace {

ObjectiveReport report_of(const HeadOutput& output, const ComparisonBatch& comparisons, const Tensor& score_C,
                          const losses::Loss& loss, const heads::HeadConfig& head) {
  ObjectiveReport report;
  report.loss_sum = loss.sum.item<double>();
  report.weight = loss.count.item<double>();
  const Tensor decided_C = comparisons.p_C != 0.5;
  const Tensor agrees_C = (score_C * (comparisons.p_C - 0.5) > 0).logical_and_(decided_C);
  report.decided = decided_C.sum().item<double>();
  report.correct = agrees_C.sum().item<double>();
  if (head.clips_rewards()) {
    report.clipped = (output.rewards_R.abs() >= head.reward_clip).sum().item<double>();
  }
  return report;
}

}  // namespace

void ObjectiveReport::add(const ObjectiveReport& other) {
  loss_sum += other.loss_sum;
  weight += other.weight;
  correct += other.correct;
  decided += other.decided;
  clipped += other.clipped;
  responses += other.responses;
  tokens += other.tokens;
  for (const auto& [name, sum] : other.further) further[name] += sum;
}

Objective::Objective(const model::Model& model, const ObjectiveConfig& config)
    : model_(model), config_(config), loss_(losses::loss_by_name(config.loss)) {
  const heads::HeadConfig& head = model.head_config();
  if (loss_.has_ties && !head.ties)
    throw ConfigError("loss '" + config.loss + "' needs a head with ties; start from a fresh `head`");
  const bool is_pairwise = heads::head_by_name(head.kind).pairwise;
  if (config.lm_weight > 0 && is_pairwise)
    throw ConfigError("`lm_weight` needs sequences of one response, which the " + head.kind + " head does not read");
  const bool has_rewards = model.parameters().has("score.weight");
  if (config.center > 0 && !has_rewards)
    throw ConfigError("`center` needs rewards, which the " + head.kind + " head does not have; drop it");
}

PackOptions Objective::pack_options() const {
  return {.needs_gate = model_.needs_gate(),
          .bidirectional = model_.family().is_encoder,
          .lm_targets = config_.lm_weight > 0 ? LmTargets::kWinners : LmTargets::kNone};
}

StepCounts Objective::counts(std::span<const GroupSelection> selections) const {
  StepCounts counts;
  for (const GroupSelection& s : selections) {
    double weight = 0;
    for (const Comparison& c : s.comparisons) weight += c.weight;
    counts.weight += config_.equal_groups ? (weight > 0 ? 1 : 0) : weight;
    counts.comparisons += static_cast<double>(s.comparisons.size());
    if (config_.lm_weight > 0) {
      counts.lm_tokens += static_cast<double>(pack({&s, 1}, pack_options()).lm_targets_T.numel());
    }
  }
  return counts;
}

Tensor Objective::centring(const HeadOutput& output, const ComparisonBatch& comparisons) const {
  const Tensor sum_C =
      output.rewards_R.index_select(0, comparisons.left_C) + output.rewards_R.index_select(0, comparisons.right_C);
  return sum_C.square().sum();
}

ObjectiveReport Objective::backward(std::span<const GroupSelection> selections, const StepCounts& step) const {
  const at::Device device = model_.device();
  const PackedBatch batch = pack(selections, pack_options()).to(device);
  const ComparisonBatch comparisons = pack_comparisons(selections, config_.equal_groups).to(device);
  const heads::HeadConfig& head = model_.head_config();

  const Tensor hidden_ND = model_.hidden(batch, {.recompute_blocks = config_.recompute});
  const HeadOutput output = model_.output(batch, hidden_ND);
  const Tensor score_C = TableLayout(batch.group_sizes).all_scores(output).index_select(0, comparisons.table_index_C);
  const losses::ScoredComparisons scored{
      .score_C = score_C,
      .p_C = comparisons.p_C,
      .tie_C = comparisons.tie_C,
      .weight_C = comparisons.weight_C,
      .margin_C = comparisons.margin_C,
      .log_nu = head.ties ? model_.parameters().get(std::string(heads::kLogNu)) : Tensor()};
  const losses::Loss loss = loss_.compute(scored, {.tau = head.tau, .smoothing = config_.smoothing});

  Tensor total = loss.sum / step.weight;
  if (config_.center > 0) total = total + config_.center * centring(output, comparisons) / step.comparisons;
  if (config_.lm_weight > 0) {
    total = (1 - config_.lm_weight) * total;
    if (step.lm_tokens > 0)
      total = total + config_.lm_weight * -model::target_log_probs(model_, batch, hidden_ND).sum() / step.lm_tokens;
  }
  total.backward();

  ObjectiveReport report = report_of(output, comparisons, score_C.detach(), loss, head);
  report.responses = batch.response_count();
  report.tokens = batch.layout.token_count;
  return report;
}

}  // namespace rondo::train
