// SPDX-License-Identifier: Apache-2.0
#include "rondo/eval/runner.h"

#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rondo/base/error.h"

namespace rondo::eval {

model::ScoringCost for_each_table(
    const model::Model& model, data::TokenStore& store, const model::ScoringOptions& options,
    const ProgressSink& progress,
    const std::function<void(int64_t, const TokenGroup&, const PreferenceTable&)>& visit) {
  model::ScoringCost cost;
  int64_t next = 0;
  while (next < store.size()) {
    // The groups of one forward pass; of a group that is too large for one, its passes.
    std::vector<std::shared_ptr<const TokenGroup>> held;
    std::vector<const TokenGroup*> groups;
    const int64_t first = next;
    for (int64_t tokens = 0; next < store.size(); ++next) {
      std::shared_ptr<const TokenGroup> group = store.get(next);
      tokens += token_cost(model, *group);
      if (!groups.empty() && tokens > options.token_budget) break;
      groups.push_back(group.get());
      held.push_back(std::move(group));
    }
    const std::vector<PreferenceTable> tables = model::score_groups(model, groups, options, cost);
    for (size_t k = 0; k < groups.size(); ++k) visit(first + static_cast<int64_t>(k), *groups[k], tables[k]);
    progress(next, store.size(), "scoring");
  }
  return cost;
}

namespace {

[[noreturn]] void fail_no_number(const std::vector<SourceRow>& rows, int32_t number, const TokenGroup& group,
                                 const PreferenceTable& table) {
  const auto row = std::ranges::find_if(rows, [number](const SourceRow& r) { return number < r.comparison_end; });
  std::vector<int64_t> places = group.places_of(*row);
  std::erase(places, -1);
  throw DataError(fmt::format("a score is not a number: {}: {} is not finite; are the model's weights damaged?",
                              row->place, first_damage(table.of_responses(places))));
}

}  // namespace

ScoredData score_data(const model::Model& model, data::TokenStore& store, const model::ScoringOptions& options,
                      const ProgressSink& progress) {
  ScoredData data;
  const double tau = model.head_config().tau;
  double transitive = 0, total = 0;
  const auto visit = [&](int64_t index, const TokenGroup& group, const PreferenceTable& table) {
    data.undecided += std::ssize(group.undecided);
    if (group.responses.empty()) return;
    const Tensor scores_MM = model::table_scores(table, options).to(at::kDouble).contiguous();
    const double* scores = scores_MM.const_data_ptr<double>();
    const auto count = static_cast<int64_t>(group.responses.size());
    // The mean scores of a skew table add up to 0, so sum_ij (m_i - m_j)^2 = 2 M sum_i m_i^2.
    transitive += 2 * static_cast<double>(count) * scores_MM.mean(1).square().sum().item<double>();
    total += scores_MM.square().sum().item<double>();
    for (size_t k = 0; k < group.comparisons.size(); ++k) {
      const Comparison& c = group.comparisons[k];
      const double score = scores[c.i * count + c.j];
      if (!std::isfinite(score)) fail_no_number(store.groups().rows(index), group.numbers[k], group, table);
      data.largest_swap_gap = std::max(data.largest_swap_gap, std::abs(score + scores[c.j * count + c.i]));
      data.comparisons.push_back({.z = score / tau,
                                  .p = c.p,
                                  .weight = c.weight,
                                  .group = index,
                                  .number = group.numbers[k],
                                  .i = c.i,
                                  .j = c.j,
                                  .left_length = group.responses[static_cast<size_t>(c.i)].text_length,
                                  .right_length = group.responses[static_cast<size_t>(c.j)].text_length});
    }
  };
  data.cost = for_each_table(model, store, options, progress, visit);
  data.transitive_share = total > 0 ? transitive / total : 1;
  return data;
}

}  // namespace rondo::eval
