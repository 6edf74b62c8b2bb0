// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/tabular/methods.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/mv.h>

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"

namespace rondo::align {
namespace {

constexpr TabularMethod kMethods[] = {
    {"gpo", "arXiv:2410.02197 eq. 5.3", Payoff::kLogOdds, Opponent::kSelf, false},
    {"sppo", "arXiv:2405.00675 eq. 4.4", Payoff::kProbability, Opponent::kSelf, false},
    {"inpo", "arXiv:2407.00617 eq. 8", Payoff::kProbability, Opponent::kSelf, true},
    {"nash_md", "arXiv:2312.00886 sec. 6", Payoff::kProbability, Opponent::kMixture, true},
    {"extragradient", "arXiv:2503.08942", Payoff::kProbability, Opponent::kHalfStep, false},
    {"mwu", "Freund & Schapire 1999", Payoff::kProbability, Opponent::kSelf, false},
};

Tensor normalised(const Tensor& log_N) { return at::log_softmax(log_N, 0); }

}  // namespace

std::span<const TabularMethod> tabular_methods() { return kMethods; }

std::vector<std::string> tabular_method_names() {
  std::vector<std::string> names;
  for (const TabularMethod& method : kMethods) names.emplace_back(method.name);
  return names;
}

const TabularMethod& tabular_method_by_name(std::string_view name) {
  for (const TabularMethod& method : kMethods) {
    if (method.name == name) return method;
  }
  throw ConfigError(unknown_name_message("tabular method", name, tabular_method_names()));
}

Tensor exact_update(const TabularMethod& method, const Tensor& payoff_NN, const Tensor& log_policy_N,
                    const Tensor& log_magnet_N, const UpdateOptions& options) {
  const double m = options.magnet_weight;
  const Tensor pulled_N = normalised((1 - m) * log_policy_N + m * log_magnet_N);
  const auto step_against = [&](const Tensor& log_opponent_N) {
    return normalised(pulled_N + options.step * at::mv(payoff_NN, log_opponent_N.exp()));
  };
  switch (method.opponent) {
    case Opponent::kSelf:
      return step_against(log_policy_N);
    case Opponent::kMixture:
      return step_against(pulled_N);
    case Opponent::kHalfStep:
      return step_against(step_against(log_policy_N));
  }
  throw InternalError("an opponent without an update");
}

}  // namespace rondo::align
