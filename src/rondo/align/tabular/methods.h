// SPDX-License-Identifier: Apache-2.0
// Self-play methods on a table, as exact updates. They are all one step of mirror descent with the KL divergence,
//
//   p_{t+1}  ~  p_t^(1 - m) mu^m exp( eta A q )
//
// and differ in the payoff A, in the magnet's weight m and in q, the opponent against which responses are valued.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/align/tabular/game.h"

namespace rondo::align {

/// The opponent: the policy itself; the policy pulled to the magnet (Nash-MD); the policy half a step on
/// (extragradient).
enum class Opponent { kSelf, kMixture, kHalfStep };

struct TabularMethod {
  std::string_view name;
  std::string_view cite;
  /// The game that the method was written for; the other one can be chosen.
  Payoff payoff;
  Opponent opponent;
  /// The method has a magnet by definition; others get one on request.
  bool has_magnet;
};

std::span<const TabularMethod> tabular_methods();
/// Throws ConfigError with the nearest name.
const TabularMethod& tabular_method_by_name(std::string_view name);
std::vector<std::string> tabular_method_names();

struct UpdateOptions {
  double step = 1;           // eta = 1/beta
  double magnet_weight = 0;  // m, in [0, 1]
};

/// One exact update of log-probabilities [N], normalised. For `gpo`, `sppo` and `inpo` this is the minimiser of the
/// objective's expectation over responses of p_t.
Tensor exact_update(const TabularMethod& method, const Tensor& payoff_NN, const Tensor& log_policy_N,
                    const Tensor& log_magnet_N, const UpdateOptions& options);

}  // namespace rondo::align
