// SPDX-License-Identifier: Apache-2.0
// A policy as a sample of its plans: how it fares under the rule, and how far it can be exploited.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "examples/blotto/game.h"
#include "rondo/base/random.h"

namespace blotto {

/// The plan of a text, where it is one under the rule: a number per castle, all soldiers placed, none twice.
std::optional<Plan> valid_plan(const Rule& rule, const std::string& text);

/// The plan that a policy's text stands for: a number for every castle but the last, which gets the soldiers that are
/// left. A number beyond what is left is cut to it, a word that is no number places nobody, what is missing places
/// nobody and what is too much is passed over: every text is a plan, so that a policy cannot lose by arithmetic.
Plan completed_plan(const Rule& rule, const std::string& text);

/// 1 where the first text wins, 1/2 for equal points, 0 where it loses. A text that is no plan loses against every plan
/// and is even with another such text.
double verdict(const Rule& rule, const std::optional<Plan>& first, const std::optional<Plan>& second);

/// One character per pair of the upper triangle, as game.h has it for plans.
std::string outcomes(const Rule& rule, const std::vector<std::optional<Plan>>& sample);

struct CounterPlan {
  Plan plan;
  double win_rate = 0;  // against the sample it was found on
};

/// A plan that wins as often as a search finds against the sample: from `starts` beginnings, soldiers are moved between
/// two castles while that helps. A lower bound of the best.
CounterPlan best_counter_plan(const Rule& rule, const std::vector<std::optional<Plan>>& sample, int starts,
                              rondo::Random random);

/// `count` plans drawn from a strategy that no plan beats by much: the double oracle. In every round the game between
/// the plans found so far is solved, and the best answer to its solution that a search finds joins them.
std::vector<Plan> equilibrium_sample(const Rule& rule, int rounds, int64_t count, rondo::Random random);

/// Mean verdict of a plan against a sample.
double win_rate(const Rule& rule, const Plan& plan, const std::vector<std::optional<Plan>>& sample);

}  // namespace blotto
