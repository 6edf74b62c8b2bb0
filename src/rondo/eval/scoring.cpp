// SPDX-License-Identifier: Apache-2.0
#include "rondo/eval/scoring.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include "rondo/base/error.h"
#include "rondo/data/pack.h"

namespace rondo::eval {
namespace {

using data::GroupSelection;

// Rows of the pooled states of a group's responses, and the state at its gate position.
struct GroupStates {
  std::vector<Tensor> pooled;
  Tensor prompt_1D;
};

GroupSelection some(const TokenGroup& group, int64_t begin, int64_t end) {
  GroupSelection s{.group = &group};
  for (int64_t r = begin; r < end; ++r) s.responses.push_back(r);
  return s;
}

// Cuts groups into selections and selections into forward passes, each within the token budget.
class BudgetedBatches {
 public:
  BudgetedBatches(std::span<const TokenGroup* const> groups, int64_t budget, const data::PackOptions& options)
      : budget_(budget), options_(options) {
    for (size_t g = 0; g < groups.size(); ++g) add_group(*groups[g], static_cast<int64_t>(g));
    flush();
  }
  struct Batch {
    std::vector<GroupSelection> selections;
    std::vector<int64_t> groups;
  };
  const std::vector<Batch>& batches() const { return batches_; }

 private:
  void add_group(const TokenGroup& group, int64_t index) {
    const auto count = static_cast<int64_t>(group.responses.size());
    GroupSelection whole = some(group, 0, count);
    const int64_t cost = data::token_cost(whole, options_);
    if (cost <= budget_) {
      add(std::move(whole), index, cost);
      return;
    }
    // A bound without the shared prefix keeps the cut simple; the parts still share it.
    for (int64_t begin = 0; begin < count;) {
      int64_t end = begin, tokens = 0;
      while (end < count) {
        tokens += static_cast<int64_t>(group.responses[static_cast<size_t>(end)].ids.size());
        if (end > begin && tokens > budget_) break;
        ++end;
      }
      add(some(group, begin, end), index, budget_);
      begin = end;
    }
  }

  void add(GroupSelection selection, int64_t index, int64_t cost) {
    if (used_ > 0 && used_ + cost > budget_) flush();
    current_.selections.push_back(std::move(selection));
    current_.groups.push_back(index);
    used_ += cost;
  }

  void flush() {
    if (!current_.selections.empty()) batches_.push_back(std::move(current_));
    current_ = {};
    used_ = 0;
  }

  int64_t budget_;
  data::PackOptions options_;
  int64_t used_ = 0;
  Batch current_;
  std::vector<Batch> batches_;
};

void run_batch(const model::Model& model, const BudgetedBatches::Batch& batch, const data::PackOptions& options,
               std::vector<GroupStates>& states, ScoringCost& cost) {
  const PackedBatch packed = data::pack(batch.selections, options).to(model.device());
  const Tensor hidden_ND = model.hidden(packed);
  const Tensor pooled_RD = model.pooled(packed, hidden_ND);
  const Tensor prompts_GD = model.prompt_states(packed, hidden_ND);
  cost.queries += packed.response_count();
  cost.tokens += packed.layout.token_count;
  int64_t row = 0;
  for (size_t k = 0; k < batch.groups.size(); ++k) {
    GroupStates& group = states[static_cast<size_t>(batch.groups[k])];
    group.pooled.push_back(pooled_RD.narrow(0, row, packed.group_sizes[k]));
    if (prompts_GD.defined()) group.prompt_1D = prompts_GD.narrow(0, static_cast<int64_t>(k), 1);
    row += packed.group_sizes[k];
  }
}

// The gate's prompt as a sequence of its own, so that its bits do not depend on the responses.
TokenGroup prompt_alone(const TokenGroup& group) {
  if (group.gate_pos < 0) throw DataError("a gated head needs a prompt: one group has an empty prompt");
  const std::vector<int32_t>&ids = group.responses.front().ids, &types = group.responses.front().type_ids;
  TokenResponse prompt{.ids = {ids.begin(), ids.begin() + group.gate_pos + 1},
                       .type_ids = {types.begin(), types.begin() + (types.empty() ? 0 : group.gate_pos + 1)},
                       .pool_begin = group.gate_pos,
                       .pool_end = group.gate_pos + 1};
  return {.responses = {std::move(prompt)}, .gate_pos = group.gate_pos};
}

PreferenceTable on_cpu(const HeadOutput& output, int64_t count) {
  PreferenceTable table = output.group_table(0, 0, count);
  for (Tensor* part : {&table.rewards_M, &table.embeddings_ME, &table.gate_P}) {
    if (part->defined()) *part = part->cpu();
  }
  return table;
}

PreferenceTable score_alone(const model::Model& model, const TokenGroup& group, ScoringCost& cost) {
  const data::PackOptions options{.bidirectional = model.family().is_encoder};
  const auto pooled_state = [&](const TokenGroup& g, int64_t r) {
    const GroupSelection alone = some(g, r, r + 1);
    const PackedBatch packed = data::pack({&alone, 1}, options).to(model.device());
    cost.tokens += packed.layout.token_count;
    return model.pooled(packed, model.hidden(packed));
  };
  Tensor prompt_1D;
  if (model.needs_gate()) prompt_1D = pooled_state(prompt_alone(group), 0);
  std::vector<Tensor> rewards, embeddings;
  PreferenceTable table;
  for (int64_t r = 0; r < static_cast<int64_t>(group.responses.size()); ++r) {
    const PreferenceTable one = on_cpu(model.head(pooled_state(group, r), prompt_1D), 1);
    ++cost.queries;
    if (one.rewards_M.defined()) rewards.push_back(one.rewards_M);
    if (one.embeddings_ME.defined()) embeddings.push_back(one.embeddings_ME);
    table.gate_P = one.gate_P;
  }
  if (!rewards.empty()) table.rewards_M = at::cat(rewards);
  if (!embeddings.empty()) table.embeddings_ME = at::cat(embeddings);
  return table;
}

}  // namespace

std::vector<PreferenceTable> score_groups(const model::Model& model, std::span<const TokenGroup* const> groups,
                                          const ScoringOptions& options, ScoringCost& cost) {
  const at::NoGradGuard no_grad;
  std::vector<PreferenceTable> tables;
  if (options.deterministic) {
    for (const TokenGroup* group : groups) tables.push_back(score_alone(model, *group, cost));
    return tables;
  }
  const data::PackOptions pack_options{.needs_gate = model.needs_gate(), .bidirectional = model.family().is_encoder};
  const BudgetedBatches plan(groups, options.token_budget, pack_options);
  std::vector<GroupStates> states(groups.size());
  for (const BudgetedBatches::Batch& batch : plan.batches()) run_batch(model, batch, pack_options, states, cost);
  for (GroupStates& group : states) {
    const Tensor pooled_MD = group.pooled.size() == 1 ? group.pooled.front() : at::cat(group.pooled);
    tables.push_back(on_cpu(model.head(pooled_MD, group.prompt_1D), pooled_MD.size(0)));
  }
  return tables;
}

Tensor table_scores(const PreferenceTable& table, const ScoringOptions& options) {
  return options.deterministic ? table.scores_ordered_MM() : table.scores_MM();
}

}  // namespace rondo::eval
