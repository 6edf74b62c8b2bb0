// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/statistics.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "rondo/align/judging/judging.h"
#include "rondo/core/numbers.h"
#include "rondo/rank/ranking.h"

namespace rondo::align {
namespace {

using nlohmann::json;

std::vector<int64_t> all_of(size_t count) {
  std::vector<int64_t> indices(count);
  std::iota(indices.begin(), indices.end(), int64_t{0});
  return indices;
}

size_t distinct_texts(const std::vector<generate::GeneratedResponse>& responses) {
  std::set<std::string_view> texts;
  for (const generate::GeneratedResponse& r : responses) texts.insert(r.text);
  return texts.size();
}

}  // namespace

json sample_statistics(const Samples& samples, const StoredLogProbs& sampler, const StoredLogProbs& base) {
  double count = 0, tokens = 0, finished = 0, distinct = 0, entropy = 0, kl = 0;
  for (size_t p = 0; p < samples.size(); ++p) {
    const std::vector<int64_t> all = all_of(samples[p].size());
    const auto group = static_cast<int64_t>(p);
    const double own = sampler.sums_K(group, all).sum().item<double>();
    entropy -= own;
    kl += own - base.sums_K(group, all).sum().item<double>();
    for (const generate::GeneratedResponse& r : samples[p]) {
      tokens += static_cast<double>(r.ids.size());
      finished += r.finish == "stop" ? 1 : 0;
    }
    count += static_cast<double>(samples[p].size());
    distinct += static_cast<double>(distinct_texts(samples[p]));
  }
  return {{"responses", count},
          {"length_mean", tokens / count},
          {"finished_share", finished / count},
          {"distinct_share", distinct / count},
          {"entropy", entropy / count},
          {"entropy_per_token", entropy / tokens},
          {"kl_to_base", kl / count}};
}

json judgement_statistics(std::span<const Judgement> judged) {
  double triads = 0, cyclic = 0, explained = 0, squares = 0;
  Tensor variances_A;
  for (const Judgement& j : judged) {
    const auto m = static_cast<double>(j.scores_KK.size(0));
    triads += m * (m - 1) * (m - 2) / 6;
    cyclic += static_cast<double>(rank::rank_table(to_numbers(j.scores_KK), to_numbers(j.mean_scores_K)).cyclic_triads);
    // The transitive part of s(i, j) is f_i - f_j with f the mean over all j, the response itself included.
    const Tensor f_K = j.scores_KK.to(at::kDouble).mean(1);
    explained += (f_K.unsqueeze(1) - f_K.unsqueeze(0)).square().sum().item<double>();
    squares += j.scores_KK.to(at::kDouble).square().sum().item<double>();
    if (!j.axis_means_KA.defined()) continue;
    const Tensor own_A = axis_variances_A(j);
    variances_A = variances_A.defined() ? variances_A + own_A : own_A;
  }
  json row = {{"cyclic_triads_share", nullptr}, {"transitive_share", nullptr}, {"axis_shares", nullptr}};
  if (variances_A.defined()) row["axis_shares"] = to_numbers(axis_shares_A(variances_A));
  if (triads > 0) row["cyclic_triads_share"] = cyclic / triads;
  if (squares > 0) row["transitive_share"] = explained / squares;
  return row;
}

int64_t uniform_prompts(const Samples& samples) {
  return std::count_if(samples.begin(), samples.end(),
                       [](const auto& responses) { return distinct_texts(responses) == 1; });
}

json target_statistics(const ObjectiveConfig& config, std::span<const PolicyGroup> groups) {
  const ObjectiveEntry& entry = objective_by_name(config.objective);
  std::vector<double> all;
  for (const PolicyGroup& group : groups) {
    const std::vector<double> targets = to_numbers(entry.target(group, config));
    all.insert(all.end(), targets.begin(), targets.end());
  }
  const auto [low, high] = std::minmax_element(all.begin(), all.end());
  const double sum = std::accumulate(all.begin(), all.end(), 0.0, [](double a, double x) { return a + std::abs(x); });
  return {{"low", *low}, {"mean_abs", sum / static_cast<double>(all.size())}, {"high", *high}};
}

}  // namespace rondo::align
