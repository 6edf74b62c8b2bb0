// SPDX-License-Identifier: Apache-2.0
// Runs of self-play methods on a game, and how far their iterates are from equilibrium.
#pragma once

#include <string>
#include <vector>

#include "rondo/align/tabular/methods.h"
#include "rondo/base/config.h"

namespace rondo::align {

struct SimulateConfig {
  std::vector<std::string> methods;  // empty: all of the table
  std::string payoff = "own";        // own, log_odds, probability
  int64_t iterations = 1000;
  double step = 0.5;
  /// Weight of the magnet for every method; methods that have one by definition never go below magnet_floor.
  double magnet_weight = 0;
  std::string magnet = "uniform";  // uniform, start
  /// The start is a softmax of standard normal numbers times this: 0 starts on the uniform point, which is an
  /// equilibrium of cyclic games and shows nothing.
  double start_spread = 1;
  /// 0: exact updates. Otherwise the objective is minimised on so many sampled groups an iteration (gpo, sppo, inpo).
  int64_t sampled_groups = 0;
  int64_t group_size = 5;
  int64_t seed = 1;
};
void describe(FieldVisitor& v, SimulateConfig& c);

/// Distances at one iteration: of the iterate and of the average of all so far, on both games.
struct TracePoint {
  int64_t iteration = 0;
  double last_log_odds = 0;
  double last_probability = 0;
  double average_log_odds = 0;
  double average_probability = 0;
};

struct Trace {
  std::string method;
  Payoff payoff = Payoff::kProbability;
  double magnet_weight = 0;
  std::vector<TracePoint> points;  // at 0, 1, 2, 5, 10, 20, 50, ... and the last iteration
  std::vector<double> last;        // probabilities [N]
  std::vector<double> average;
};

/// One trace per method. Throws ConfigError on an unknown method or one without a sampled form.
std::vector<Trace> simulate(const Game& game, const SimulateConfig& config);

}  // namespace rondo::align
