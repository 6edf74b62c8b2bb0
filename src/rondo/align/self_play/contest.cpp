// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/contest.h"

#include <ATen/TensorOperators.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "rondo/base/error.h"
#include "rondo/base/random.h"
#include "rondo/metrics/bootstrap.h"

namespace rondo::align {
namespace {

constexpr int64_t kResamples = 1000;

std::vector<JudgedTexts> merged_texts(std::span<const Prompt* const> prompts, std::span<const Contestant> contestants) {
  std::vector<JudgedTexts> texts;
  for (size_t p = 0; p < prompts.size(); ++p) {
    JudgedTexts& merged = texts.emplace_back(JudgedTexts{.prompt = prompts[p], .responses = {}});
    for (const Contestant& c : contestants)
      merged.responses.insert(merged.responses.end(), c.responses[p].begin(), c.responses[p].end());
  }
  return texts;
}

nlohmann::json to_json(const WinRate& rate) {
  const auto bound = [](double x) { return std::isfinite(x) ? nlohmann::json(x) : nlohmann::json(nullptr); };
  return {{"win_rate", rate.value}, {"low", bound(rate.low)}, {"high", bound(rate.high)}};
}

}  // namespace

WinRate win_rate(std::span<const double> mean_by_prompt, uint64_t seed) {
  const auto count = static_cast<double>(mean_by_prompt.size());
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  WinRate rate{.value = std::accumulate(mean_by_prompt.begin(), mean_by_prompt.end(), 0.0) / count,
               .low = kUnknown,
               .high = kUnknown};
  if (mean_by_prompt.size() < 2) return rate;
  std::vector<double> samples;
  for (int64_t k = 0; k < kResamples; ++k) {
    Random random = Random(seed).split(static_cast<uint64_t>(k));
    double sum = 0;
    for (size_t draw = 0; draw < mean_by_prompt.size(); ++draw)
      sum += mean_by_prompt[random.below(mean_by_prompt.size())];
    samples.push_back(sum / count);
  }
  const metrics::Interval interval = metrics::percentile_interval(std::move(samples));
  rate.low = interval.low;
  rate.high = interval.high;
  return rate;
}

nlohmann::json hold_contest(std::span<const Prompt* const> prompts, std::span<const Contestant> contestants,
                            std::span<const NamedReferee> referees, uint64_t seed) {
  const std::vector<JudgedTexts> texts = merged_texts(prompts, contestants);
  nlohmann::json results = nlohmann::json::object();
  for (const NamedReferee& referee : referees) {
    const std::vector<Tensor> tables = referee.probabilities(texts);
    if (tables.size() != texts.size())
      throw DataError("the referee answered " + std::to_string(tables.size()) + " of " + std::to_string(texts.size()) +
                      " prompts: " + referee.name + "; it must write one row for each that it reads");
    const auto rows = static_cast<int64_t>(contestants[0].responses[0].size());
    int64_t column = rows;
    for (const Contestant& opponent : contestants.subspan(1)) {
      const auto columns = static_cast<int64_t>(opponent.responses[0].size());
      std::vector<double> means;
      for (const Tensor& table : tables) {
        means.push_back(table.narrow(0, 0, rows).narrow(1, column, columns).to(at::kDouble).mean().item<double>());
        if (!std::isfinite(means.back()))
          throw DataError("a pair has no label: referee " + referee.name + ", prompt " + std::to_string(means.size()) +
                          ": every response must be compared with every other one");
      }
      results[referee.name][opponent.name] = to_json(win_rate(means, seed));
      column += columns;
    }
  }
  return results;
}

}  // namespace rondo::align
