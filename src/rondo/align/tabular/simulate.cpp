// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/tabular/simulate.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "rondo/align/tabular/sampled.h"
#include "rondo/base/error.h"
#include "rondo/core/numbers.h"

namespace rondo::align {
namespace {

const std::vector<std::string> kPayoffNames = {"own", "log_odds", "probability"};
const std::vector<std::string> kMagnetNames = {"uniform", "start"};
// inpo and nash_md are defined with a magnet; this is what they get where none was asked for.
constexpr double kOwnMagnet = 0.05;
// Gradient steps on the sampled groups of one iteration, and their size in units of a full regression step.
constexpr int64_t kInnerSteps = 20;
constexpr double kInnerRate = 0.5;
// Responses rarer than this learn more slowly: their gradient is mostly noise.
constexpr double kRarest = 1e-3;

Tensor start_of(const SimulateConfig& config, int64_t count) {
  Random random = Random(static_cast<uint64_t>(config.seed)).split(0);
  Tensor logits_N = at::empty({count}, at::TensorOptions().dtype(at::kDouble));
  double* const logits = logits_N.mutable_data_ptr<double>();
  for (int64_t i = 0; i < count; ++i) logits[i] = config.start_spread * random.normal();
  return at::log_softmax(logits_N, 0);
}

Payoff payoff_of(const SimulateConfig& config, const TabularMethod& method) {
  if (config.payoff == "own") return method.payoff;
  return config.payoff == "log_odds" ? Payoff::kLogOdds : Payoff::kProbability;
}

bool is_reported(int64_t iteration, int64_t last) {
  if (iteration == last || iteration == 0) return true;
  int64_t power = 1;
  while (power * 10 <= iteration) power *= 10;
  return iteration == power || iteration == 2 * power || iteration == 5 * power;
}

TracePoint point_at(const Game& game, int64_t iteration, const Tensor& last_N, const Tensor& average_N) {
  const Tensor odds_NN = game.payoff(Payoff::kLogOdds), probability_NN = game.payoff(Payoff::kProbability);
  return {.iteration = iteration,
          .last_log_odds = duality_gap(odds_NN, last_N),
          .last_probability = duality_gap(probability_NN, last_N),
          .average_log_odds = duality_gap(odds_NN, average_N),
          .average_probability = duality_gap(probability_NN, average_N)};
}

// The objective that the method minimises, at the strength that makes its exact update the given step. The residual is
// centred, so that the exact update is where the expected gradient of gpo and inpo vanishes; sppo drops log Z as
// published.
ObjectiveConfig sampled_objective(const TabularMethod& method, const UpdateOptions& options) {
  const std::vector<std::string> names = objective_names();
  if (std::find(names.begin(), names.end(), method.name) == names.end()) {
    throw ConfigError(std::string(method.name) + " has no sampled form; use gpo, sppo or inpo with `sampled_groups`");
  }
  ObjectiveConfig config;
  config.objective = method.name;
  config.beta = 1 / options.step;
  config.step = 1 / options.step;
  config.kl = options.magnet_weight * config.step;
  config.log_z = "mean";
  config.mean = method.payoff == Payoff::kLogOdds ? "with_self" : "leave_one_out";
  config.magnet_weight = options.magnet_weight;
  return config;
}

class Run {
 public:
  Run(const Game& game, const TabularMethod& method, const SimulateConfig& config)
      : game_(game),
        method_(method),
        config_(config),
        options_{.step = config.step, .magnet_weight = config.magnet_weight},
        random_(Random(static_cast<uint64_t>(config.seed)).split(1)) {
    if (method.has_magnet && options_.magnet_weight == 0) options_.magnet_weight = kOwnMagnet;
    if (config.sampled_groups > 0 && payoff_of(config, method) != method.payoff)
      throw ConfigError("`sampled_groups`: an objective plays its own game; use `payoff` own");
  }

  Trace trace() {
    Trace trace{.method = std::string(method_.name),
                .payoff = payoff_of(config_, method_),
                .magnet_weight = options_.magnet_weight};
    const Tensor payoff_NN = game_.payoff(trace.payoff);
    const Tensor start_N = start_of(config_, game_.size());
    const double uniform = -std::log(static_cast<double>(game_.size()));
    const Tensor magnet_N = config_.magnet == "start" ? start_N : at::full({game_.size()}, uniform, start_N.options());
    Tensor log_policy_N = start_N;
    // The start is no iterate of the method: averages begin with the first update.
    Tensor sum_N = at::zeros_like(start_N);
    trace.points.push_back(point_at(game_, 0, start_N.exp(), start_N.exp()));
    for (int64_t t = 1; t <= config_.iterations; ++t) {
      log_policy_N = config_.sampled_groups > 0 ? sampled_update(log_policy_N, magnet_N)
                                                : exact_update(method_, payoff_NN, log_policy_N, magnet_N, options_);
      sum_N = sum_N + log_policy_N.exp();
      if (is_reported(t, config_.iterations))
        trace.points.push_back(point_at(game_, t, log_policy_N.exp(), sum_N / static_cast<double>(t)));
    }
    trace.last = to_numbers(log_policy_N.exp());
    trace.average = to_numbers(sum_N / static_cast<double>(config_.iterations));
    return trace;
  }

 private:
  Tensor sampled_update(const Tensor& log_policy_N, const Tensor& log_magnet_N) {
    const ObjectiveConfig objective = sampled_objective(method_, options_);
    // inpo's magnet is its reference policy.
    const bool has_reference = objective_by_name(objective.objective).needs_last;
    TabularPolicies policies{.theta_N = log_policy_N.clone().requires_grad_(true),
                             .last_N = log_policy_N,
                             .reference_N = has_reference ? log_magnet_N : log_policy_N,
                             .magnet_N = log_magnet_N};
    // A response's gradient comes as often as the response; dividing by its probability makes all learn alike.
    const Tensor rate_N = kInnerRate / (2 * log_policy_N.exp() + kRarest);
    for (int64_t step = 0; step < kInnerSteps; ++step) {
      const Tensor gradient_N =
          sampled_gradient(game_, policies, objective, config_.sampled_groups, config_.group_size, random_);
      policies.theta_N = at::log_softmax(policies.theta_N.detach() - rate_N * gradient_N, 0).requires_grad_(true);
    }
    return policies.theta_N.detach();
  }

  const Game& game_;
  const TabularMethod& method_;
  const SimulateConfig& config_;
  UpdateOptions options_;
  Random random_;
};

}  // namespace

void describe(FieldVisitor& v, SimulateConfig& c) {
  v.texts("methods", c.methods, "gpo, sppo, inpo, nash_md, extragradient, mwu; none = all");
  v.choice("payoff", c.payoff, "the game: each method's own, log-odds, or probability minus a half", kPayoffNames);
  v.integer("iterations", c.iterations, "updates", 1, 10000000);
  v.number("step", c.step, "step size eta = 1/beta", 1e-9, 1e9);
  v.number("magnet_weight", c.magnet_weight, "pull to the magnet; inpo and nash_md take .05 where it is 0", 0.0, 1.0);
  v.choice("magnet", c.magnet, "where the magnet stands", kMagnetNames);
  v.number("start_spread", c.start_spread, "spread of the random start's logits; 0 = uniform", 0.0, 100.0);
  v.integer("sampled_groups", c.sampled_groups, "0 = exact updates; else groups sampled an iteration", 0, 1000000);
  v.integer("group_size", c.group_size, "responses of a sampled group", 2, 4096);
}

std::vector<Trace> simulate(const Game& game, const SimulateConfig& config) {
  std::vector<Trace> traces;
  for (const std::string& name : config.methods.empty() ? tabular_method_names() : config.methods)
    traces.push_back(Run(game, tabular_method_by_name(name), config).trace());
  return traces;
}

}  // namespace rondo::align
