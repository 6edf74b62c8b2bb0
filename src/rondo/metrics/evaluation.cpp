// SPDX-License-Identifier: Apache-2.0
#include "rondo/metrics/evaluation.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "rondo/base/error.h"

namespace rondo::metrics {
namespace {

void expect_numbers(std::span<const ScoredComparison> comparisons) {
  for (const ScoredComparison& c : comparisons) {
    if (!std::isnan(c.z)) continue;
    throw DataError("scores not evaluated: group " + std::to_string(c.group) + ", responses " + std::to_string(c.i) +
                    " and " + std::to_string(c.j) + ": the score is not a number; are the model's weights finite?");
  }
}

// Weighted comparisons count as (sum w)^2 / sum w^2 independent ones (Kish 1965).
Interval wilson_of(std::span<const ScoredComparison> comparisons, const Contribution& sum) {
  double squares = 0;
  for (const ScoredComparison& c : comparisons) squares += c.p == 0.5 ? 0 : c.weight * c.weight;
  if (squares <= 0) return wilson_interval(0, 0);
  const double effective = sum.decided * sum.decided / squares;
  return wilson_interval(effective * sum.right / sum.decided, effective);
}

template <double Agreement::*member>
Interval interval_of(const Bootstrap& bootstrap) {
  std::vector<double> values;
  for (const Agreement& sample : bootstrap.samples) values.push_back(sample.*member);
  return percentile_interval(std::move(values));
}

template <double Agreement::*member>
Interval paired_interval(const Bootstrap& first, const Bootstrap& second) {
  std::vector<double> values;
  for (size_t k = 0; k < first.samples.size(); ++k) {
    values.push_back(first.samples[k].*member - second.samples[k].*member);
  }
  return percentile_interval(std::move(values));
}

}  // namespace

Evaluation evaluate(std::span<const ScoredComparison> comparisons, const EvaluateOptions& options) {
  expect_numbers(comparisons);
  std::vector<Contribution> contributions;
  Contribution sum;
  std::set<int64_t> groups;
  Evaluation result;
  for (const ScoredComparison& comparison : comparisons) {
    contributions.push_back(contribution(comparison));
    sum += contributions.back();
    groups.insert(comparison.group);
    result.even += comparison.p == 0.5 ? 1 : 0;
  }
  result.comparisons = static_cast<int64_t>(comparisons.size());
  result.groups = static_cast<int64_t>(groups.size());
  result.agreement = means(sum);
  result.accuracy_wilson = wilson_of(comparisons, sum);
  result.bootstrap = bootstrap(comparisons, contributions, options.bootstrap);
  result.accuracy = interval_of<&Agreement::accuracy>(result.bootstrap);
  result.log_loss = interval_of<&Agreement::log_loss>(result.bootstrap);
  result.calibration = calibration_bins(comparisons, options.calibration_bins);
  result.ece = expected_calibration_error(result.calibration);
  result.triads = count_triads(comparisons, options.triads);
  result.baselines = null_baselines(comparisons, options.bootstrap.seed);
  result.lengths = length_bins(comparisons);
  return result;
}

std::map<std::string, Evaluation> evaluate_subsets(std::span<const ScoredComparison> comparisons,
                                                   std::span<const std::string> subsets,
                                                   const EvaluateOptions& options) {
  RONDO_ASSERT(comparisons.size() == subsets.size(), "every comparison has a subset");
  std::map<std::string, std::vector<ScoredComparison>> parts;
  for (size_t k = 0; k < comparisons.size(); ++k) parts[subsets[k]].push_back(comparisons[k]);
  std::map<std::string, Evaluation> result;
  for (const auto& [name, part] : parts) result.emplace(name, evaluate(part, options));
  return result;
}

namespace {

using Comparisons = std::vector<ScoredComparison>;

std::pair<int64_t, int32_t> name_of(const ScoredComparison& c) { return {c.group, c.number}; }

// Those of `own` that `other` has as well, in the order of their names.
Comparisons common(std::span<const ScoredComparison> own, std::span<const ScoredComparison> other) {
  std::set<std::pair<int64_t, int32_t>> names;
  for (const ScoredComparison& c : other) names.insert(name_of(c));
  Comparisons found;
  for (const ScoredComparison& c : own) {
    if (names.contains(name_of(c))) found.push_back(c);
  }
  std::ranges::sort(found, {}, name_of);
  return found;
}

}  // namespace

Difference difference(std::span<const ScoredComparison> first, std::span<const ScoredComparison> second,
                      const EvaluateOptions& options) {
  const Comparisons of_first = common(first, second), of_second = common(second, first);
  RONDO_ASSERT(std::ranges::equal(of_first, of_second, {}, name_of, name_of), "a comparison is listed once");
  // The same comparisons in the same order have the same draws, which pairs the samples. With a single group they are
  // drawn by responses, whose numbers may differ: the numbers of the first are taken for both.
  Comparisons paired = of_second;
  for (size_t k = 0; k < paired.size(); ++k) {
    paired[k].i = of_first[k].i;
    paired[k].j = of_first[k].j;
  }
  const Evaluation a = evaluate(of_first, options), b = evaluate(paired, options);
  return {.comparisons = a.comparisons,
          .accuracy = a.agreement.accuracy - b.agreement.accuracy,
          .accuracy_interval = paired_interval<&Agreement::accuracy>(a.bootstrap, b.bootstrap),
          .log_loss = a.agreement.log_loss - b.agreement.log_loss,
          .log_loss_interval = paired_interval<&Agreement::log_loss>(a.bootstrap, b.bootstrap)};
}

std::string_view verdict(const Difference& difference) {
  if (difference.comparisons == 0) return "not compared";
  if (difference.accuracy_interval.low > 0) return "better";
  if (difference.accuracy_interval.high < 0) return "worse";
  return "no clear difference";
}

}  // namespace rondo::metrics
