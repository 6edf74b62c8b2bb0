// SPDX-License-Identifier: Apache-2.0
// What every row of losses.def must prove.
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "rondo/losses/shared/loss.h"
#include "tests/support/tensors.h"

namespace rondo::losses {
namespace {

using testing::distance;
using testing::numerical_gradient;

constexpr double kExample = 1e-7;  // the examples are written with eight digits
constexpr double kNumerical = 1e-6;

ScoredComparisons comparisons(const std::vector<double>& scores, double p, double tie = 0) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const auto count = static_cast<int64_t>(scores.size());
  return {.score_C = at::tensor(scores, options),
          .p_C = at::full({count}, p, options),
          .tie_C = at::full({count}, tie, options),
          .weight_C = at::ones({count}, options),
          .margin_C = at::zeros({count}, options),
          .log_nu = at::zeros({1}, options)};
}

class EveryLoss : public ::testing::TestWithParam<const LossEntry*> {
 protected:
  static double value(const ScoredComparisons& c, const LossConfig& config = {}) {
    return GetParam()->compute(c, config).sum.item<double>();
  }
};

TEST_P(EveryLoss, ItsWorkedExamplesHold) {
  ASSERT_FALSE(GetParam()->examples.empty());
  for (const LossExample& e : GetParam()->examples) {
    EXPECT_NEAR(value(comparisons({e.score}, e.p, e.tie)), e.expected, kExample) << "score " << e.score << " p " << e.p;
  }
}

TEST_P(EveryLoss, GradientEqualsFiniteDifferences) {
  for (const double p : {1.0, 0.5, 0.3}) {
    ScoredComparisons c = comparisons({2.3, -0.7, 0.1}, p, p == 0.5 ? 0.4 : 0.0);
    c.margin_C = c.margin_C + 0.2;
    c.score_C.requires_grad_(true);
    c.log_nu.requires_grad_(true);
    const LossConfig config{.tau = 0.5, .smoothing = 0.1};
    GetParam()->compute(c, config).sum.backward();
    const auto f = [&] {
      ScoredComparisons plain = c;
      plain.score_C = c.score_C.detach();
      plain.log_nu = c.log_nu.detach();
      return value(plain, config);
    };
    EXPECT_LT(distance(c.score_C.grad(), numerical_gradient(f, c.score_C)), kNumerical);
    if (GetParam()->has_ties) {
      EXPECT_LT(distance(c.log_nu.grad(), numerical_gradient(f, c.log_nu)), kNumerical);
    }
  }
}

TEST_P(EveryLoss, IsFiniteForHugeGaps) {
  ScoredComparisons c = comparisons({1e4, -1e4}, 1);
  c.score_C = c.score_C.to(at::kFloat).requires_grad_(true);
  const Loss loss = GetParam()->compute(c, {.tau = 0.1});
  loss.sum.backward();
  EXPECT_TRUE(loss.sum.isfinite().item<bool>());
  EXPECT_TRUE(c.score_C.grad().isfinite().all().item<bool>());
}

TEST_P(EveryLoss, TheRightOrderCostsLess) {
  EXPECT_LT(value(comparisons({1}, 1)), value(comparisons({-1}, 1)));
  EXPECT_LT(value(comparisons({-1}, 0)), value(comparisons({1}, 0)));
}

TEST_P(EveryLoss, SwappingAPairChangesNothing) {
  ScoredComparisons c = comparisons({0.8}, 0.7), swapped = comparisons({-0.8}, 0.3);
  c.margin_C = c.margin_C + 0.2;
  swapped.margin_C = swapped.margin_C - 0.2;
  EXPECT_NEAR(value(c), value(swapped), 1e-12);
}

TEST_P(EveryLoss, SumAndCountAddOverSplits) {
  ScoredComparisons all = comparisons({2.3, -0.7, 0.1, 0.4}, 0.8);
  all.weight_C = at::tensor({1.0, 2.0, 0.5, 3.0}, at::TensorOptions().dtype(at::kDouble));
  double sum = 0, count = 0;
  for (const int64_t begin : {0, 2}) {
    ScoredComparisons half = all;
    for (Tensor* part : {&half.score_C, &half.p_C, &half.tie_C, &half.weight_C, &half.margin_C})
      *part = part->narrow(0, begin, 2);
    const Loss loss = GetParam()->compute(half, {});
    sum += loss.sum.item<double>();
    count += loss.count.item<double>();
  }
  EXPECT_NEAR(sum, value(all), 1e-12);
  EXPECT_NEAR(count, 6.5, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Table, EveryLoss, ::testing::ValuesIn(all_losses().begin(), all_losses().end()),
                         [](const auto& row) { return std::string(row.param->name); });

}  // namespace
}  // namespace rondo::losses
