// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/scoring.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <numeric>

#include "rondo/base/error.h"
#include "rondo/core/pack.h"

namespace rondo::model {
namespace {

// Rows of the pooled states of a group's responses, and the state at its gate position.
struct GroupStates {
  std::vector<Tensor> pooled;
  Tensor prompt_1D;
};

// Sequences [begin, end) of a group: responses, or pairs beside all its responses.
GroupSelection some(const TokenGroup& group, int64_t begin, int64_t end) {
  GroupSelection s{.group = &group};
  if (group.is_pairwise) {
    s.responses.resize(group.responses.size());
    std::iota(s.responses.begin(), s.responses.end(), int64_t{0});
    for (int64_t k = begin; k < end; ++k) {
      const TokenPair& pair = group.pairs[static_cast<size_t>(k)];
      s.pairs.push_back({k, pair.i, pair.j});
    }
    return s;
  }
  for (int64_t r = begin; r < end; ++r) s.responses.push_back(r);
  return s;
}

// Cuts groups into selections and selections into forward passes, each within the token budget.
class BudgetedBatches {
 public:
  BudgetedBatches(std::span<const TokenGroup* const> groups, int64_t budget, const PackOptions& options)
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
    const int64_t count = group.sequence_count();
    if (count == 0) return;  // the length limit left nothing of it
    GroupSelection whole = some(group, 0, count);
    const int64_t cost = token_cost(whole, options_);
    if (cost <= budget_) {
      add(std::move(whole), index, cost);
      return;
    }
    // A bound without the shared prefix keeps the cut simple; the parts still share it.
    for (int64_t begin = 0; begin < count;) {
      int64_t end = begin, tokens = 0;
      while (end < count) {
        tokens += static_cast<int64_t>(group.sequence(end).ids.size());
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
  PackOptions options_;
  int64_t used_ = 0;
  Batch current_;
  std::vector<Batch> batches_;
};

int64_t readings_of(const TokenGroup& group) {
  return std::max<int64_t>(1, static_cast<int64_t>(group.sequence(0).marks.size()));
}

void run_batch(const Model& model, const BudgetedBatches::Batch& batch, const PackOptions& options,
               std::vector<GroupStates>& states, ScoringCost& cost) {
  const PackedBatch packed = pack(batch.selections, options).to(model.device());
  const Tensor hidden_ND = model.hidden(packed);
  const Tensor pooled_RD = model.pooled(packed, hidden_ND);
  const Tensor prompts_GD = model.prompt_states(packed, hidden_ND);
  cost.tokens += packed.layout.token_count;
  int64_t row = 0;
  for (size_t k = 0; k < batch.groups.size(); ++k) {
    GroupStates& group = states[static_cast<size_t>(batch.groups[k])];
    const GroupSelection& selection = batch.selections[k];
    const bool is_pairwise = selection.group->is_pairwise;
    const auto sequences = static_cast<int64_t>(is_pairwise ? selection.pairs.size() : selection.responses.size());
    // A sequence with marks is read several times.
    const int64_t marks = sequences > 0 ? readings_of(*selection.group) : 1;
    group.pooled.push_back(pooled_RD.narrow(0, row, sequences * marks));
    if (prompts_GD.defined()) group.prompt_1D = prompts_GD.narrow(0, static_cast<int64_t>(k), 1);
    row += sequences * marks;
    cost.queries += sequences;
  }
}

// The gate's prompt as a sequence of its own, so that its bits do not depend on the responses.
TokenGroup prompt_alone(const TokenGroup& group) {
  const int64_t length = std::ssize(group.gate_ids);
  if (length == 0) throw DataError("a gated head needs a prompt: one group has an empty prompt");
  TokenResponse prompt{.ids = group.gate_ids, .pool_begin = length - 1, .pool_end = length};
  return {.responses = {std::move(prompt)}};
}

PreferenceTable on_cpu(const HeadOutput& output, int64_t count) {
  PreferenceTable table = output.group_table(0, 0, count);
  for (Tensor* part : {&table.rewards_M, &table.embeddings_ME, &table.gate_P, &table.pairwise_MM}) {
    if (part->defined()) *part = part->cpu();
  }
  return table;
}

// The table of a pairwise group from the logits of its sequences.
PreferenceTable pairwise_table(const TokenGroup& group, HeadOutput output) {
  const auto count = static_cast<int64_t>(group.responses.size());
  if (group.pairs.empty()) return {.pairwise_MM = at::zeros({count, count})};
  std::vector<int64_t> index;
  for (const TokenPair& pair : group.pairs) index.push_back(pair.i * count + pair.j);
  output.pair_index_Q = at::tensor(index, at::TensorOptions().dtype(at::kLong)).to(output.pair_logits_Q.device());
  return on_cpu(output, count);
}

PackOptions pack_options_of(const Model& model) {
  return {.needs_gate = model.needs_gate(), .bidirectional = model.family().is_encoder};
}

PreferenceTable score_alone(const Model& model, const TokenGroup& group, ScoringCost& cost) {
  if (group.responses.empty()) return {};
  const PackOptions options{.bidirectional = model.family().is_encoder};
  const auto pooled_state = [&](const TokenGroup& g, int64_t r) {
    const GroupSelection alone = some(g, r, r + 1);
    const PackedBatch packed = pack({&alone, 1}, options).to(model.device());
    cost.tokens += packed.layout.token_count;
    return model.pooled(packed, model.hidden(packed));
  };
  Tensor prompt_1D;
  if (model.needs_gate()) prompt_1D = pooled_state(prompt_alone(group), 0);
  if (group.is_pairwise) {
    HeadOutput output;
    std::vector<Tensor> logits;
    for (int64_t k = 0; k < group.sequence_count(); ++k) {
      output = model.head(pooled_state(group, k), {});
      logits.push_back(output.pair_logits_Q);
      ++cost.queries;
    }
    if (!logits.empty()) output.pair_logits_Q = at::cat(logits);
    return pairwise_table(group, std::move(output));
  }
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

std::string queries_text(const ScoringCost& cost) {
  if (!cost.is_pairwise) return fmt::format("{} queries (one per response)", cost.queries);
  return fmt::format("{} queries (one per ordered pair; a head that reads responses alone asks {})", cost.queries,
                     cost.responses);
}

int64_t token_cost(const Model& model, const TokenGroup& group) {
  return rondo::token_cost(some(group, 0, group.sequence_count()), pack_options_of(model));
}

std::vector<PreferenceTable> score_groups(const Model& model, std::span<const TokenGroup* const> groups,
                                          const ScoringOptions& options, ScoringCost& cost) {
  const at::NoGradGuard no_grad;
  std::vector<PreferenceTable> tables;
  cost.is_pairwise = heads::head_by_name(model.head_config().kind).pairwise;
  for (const TokenGroup* group : groups) cost.responses += static_cast<int64_t>(group->responses.size());
  if (options.deterministic) {
    for (const TokenGroup* group : groups) tables.push_back(score_alone(model, *group, cost));
    return tables;
  }
  const PackOptions pack_options = pack_options_of(model);
  const BudgetedBatches plan(groups, options.token_budget, pack_options);
  std::vector<GroupStates> states(groups.size());
  for (const BudgetedBatches::Batch& batch : plan.batches()) run_batch(model, batch, pack_options, states, cost);
  for (size_t g = 0; g < groups.size(); ++g) {
    GroupStates& group = states[g];
    if (groups[g]->is_pairwise) {
      HeadOutput output;
      if (groups[g]->sequence_count() > 0) output = model.head(at::cat(group.pooled), {});
      tables.push_back(pairwise_table(*groups[g], std::move(output)));
      continue;
    }
    if (group.pooled.empty()) {
      tables.emplace_back();
      continue;
    }
    const Tensor pooled_MD = group.pooled.size() == 1 ? group.pooled.front() : at::cat(group.pooled);
    tables.push_back(on_cpu(model.head(pooled_MD, group.prompt_1D), pooled_MD.size(0)));
  }
  return tables;
}

Tensor table_scores(const PreferenceTable& table, const ScoringOptions& options) {
  return options.deterministic ? table.scores_ordered_MM() : table.scores_MM();
}

}  // namespace rondo::model
