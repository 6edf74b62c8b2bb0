// SPDX-License-Identifier: Apache-2.0
#include "rondo/metrics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "rondo/base/error.h"
#include "rondo/base/random.h"

namespace rondo::metrics {
namespace {

// How often each of `units` was drawn in `units` draws.
void draw_counts(std::vector<double>& counts, Random random) {
  std::fill(counts.begin(), counts.end(), 0.0);
  for (size_t draw = 0; draw < counts.size(); ++draw) counts[random.below(counts.size())] += 1;
}

// Dense numbers for whatever numbering the comparisons use.
class Numbering {
 public:
  size_t operator()(int64_t name) { return numbers_.try_emplace(name, numbers_.size()).first->second; }
  size_t size() const { return numbers_.size(); }

 private:
  std::unordered_map<int64_t, size_t> numbers_;
};

std::vector<Agreement> over_prompts(const std::vector<Contribution>& sums, const BootstrapOptions& options) {
  std::vector<Agreement> samples;
  std::vector<double> counts(sums.size());
  for (int64_t k = 0; k < options.resamples; ++k) {
    draw_counts(counts, Random(options.seed).split(static_cast<uint64_t>(k)));
    Contribution total;
    for (size_t unit = 0; unit < sums.size(); ++unit) {
      if (counts[unit] > 0) total += counts[unit] * sums[unit];
    }
    samples.push_back(means(total));
  }
  return samples;
}

// The comparisons of one prompt, those of a left response side by side: a response that was not drawn is skipped with
// all of them.
struct Rows {
  struct Cell {
    size_t right;
    Contribution contribution;
  };
  std::vector<std::vector<Cell>> cells;  // by left response
};

Rows rows_of(std::span<const ScoredComparison> comparisons, std::span<const Contribution> contributions) {
  Numbering number;
  for (const ScoredComparison& comparison : comparisons) {
    number(comparison.i);
    number(comparison.j);
  }
  Rows rows{.cells = std::vector<std::vector<Rows::Cell>>(number.size())};
  for (size_t k = 0; k < comparisons.size(); ++k) {
    rows.cells[number(comparisons[k].i)].push_back({number(comparisons[k].j), contributions[k]});
  }
  return rows;
}

std::vector<Agreement> over_responses(const Rows& rows, const BootstrapOptions& options) {
  std::vector<Agreement> samples;
  std::vector<double> counts(rows.cells.size());
  for (int64_t k = 0; k < options.resamples; ++k) {
    draw_counts(counts, Random(options.seed).split(static_cast<uint64_t>(k)));
    Contribution total;
    for (size_t left = 0; left < rows.cells.size(); ++left) {
      if (counts[left] == 0) continue;
      Contribution row;
      for (const Rows::Cell& cell : rows.cells[left]) row += counts[cell.right] * cell.contribution;
      total += counts[left] * row;
    }
    samples.push_back(means(total));
  }
  return samples;
}

}  // namespace

Bootstrap bootstrap(std::span<const ScoredComparison> comparisons, std::span<const Contribution> contributions,
                    const BootstrapOptions& options) {
  RONDO_ASSERT(comparisons.size() == contributions.size(), "one contribution per comparison");
  Numbering prompt;
  std::vector<Contribution> sums;
  for (size_t k = 0; k < comparisons.size(); ++k) {
    const size_t index = prompt(comparisons[k].group);
    sums.resize(prompt.size());
    sums[index] += contributions[k];
  }
  if (prompt.size() != 1) {
    return {
        .units = "prompts", .unit_count = static_cast<int64_t>(prompt.size()), .samples = over_prompts(sums, options)};
  }
  const Rows rows = rows_of(comparisons, contributions);
  return {.units = "responses",
          .unit_count = static_cast<int64_t>(rows.cells.size()),
          .samples = over_responses(rows, options)};
}

Interval percentile_interval(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const size_t below = static_cast<size_t>(place);
    const size_t above = std::min(below + 1, values.size() - 1);
    return std::lerp(values[below], values[above], place - static_cast<double>(below));
  };
  constexpr double kTail = 0.025;
  return {quantile(kTail), quantile(1 - kTail)};
}

}  // namespace rondo::metrics
