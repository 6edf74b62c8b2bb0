// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "rondo/align/tabular/sampled.h"
#include "rondo/align/tabular/simulate.h"
#include "rondo/base/error.h"
#include "tests/support/tensors.h"

namespace rondo::align {
namespace {

using nlohmann::json;
using testing::distance;
using ::testing::HasSubstr;
using testing::random_tensor;
using ::testing::ThrowsMessage;

Game game_of(const json& table) { return game_from_json({{"table", table}}, "test"); }
Game rock_paper_scissors() { return game_of({{0, -1, 1}, {1, 0, -1}, {-1, 1, 0}}); }

Game random_game(int64_t size, uint64_t seed) {
  const Tensor x_NN = random_tensor({size, size}, seed);
  return {.name = "random", .responses = {}, .log_odds_NN = x_NN - x_NN.t()};
}

// Strengths that differ by 1: whoever is stronger wins against everybody.
Game ladder(int64_t size) {
  const Tensor strength_N = at::arange(size, at::TensorOptions().dtype(at::kDouble));
  return {.name = "ladder", .responses = {}, .log_odds_NN = strength_N.unsqueeze(1) - strength_N.unsqueeze(0)};
}

TEST(Game, RefusesWhatIsNoGame) {
  const auto refusal = [](const json& j, const char* text) {
    EXPECT_THAT([&] { game_from_json(j, "g.json"); }, ThrowsMessage<DataError>(HasSubstr(text))) << j.dump();
  };
  refusal(json::array(), "no object");
  refusal({{"x", 1}}, "neither 'table' nor 'probabilities'");
  refusal({{"table", {{0, 1}, {1, 0}}}}, "s(1,2) + s(2,1) is 2");
  refusal({{"table", {{0, 1}}}}, "row 1 does not have 1 numbers");
  refusal({{"table", {{0, "a"}, {-1, 0}}}}, "row 1 holds \"a\"");
  refusal({{"table", {{0, 1}, {-1, 0}}}, {"tau", 0}}, "tau is 0");
  refusal({{"table", {{0, 1}, {-1, 0}}}, {"names", {"a"}}}, "names is not a list of 2");
  refusal({{"probabilities", {{0.5, 1.0}, {0.0, 0.5}}}}, "not between 0 and 1");
  refusal({{"probabilities", {{0.5, 0.7}, {0.4, 0.5}}}}, "P(i,j) + P(j,i) is not 1");
  const Game game = game_from_json({{"probabilities", {{0.5, 0.75}, {0.25, 0.5}}}}, "g.json");
  EXPECT_NEAR(game.log_odds_NN[0][1].item<double>(), std::log(3.0), 1e-12);
  EXPECT_NEAR(game.payoff(Payoff::kProbability)[0][1].item<double>(), 0.25, 1e-12);
}

// The exact update is where the expected gradient of the objective vanishes. sppo drops log Z, which is of second order
// in the step.
TEST(ExactUpdate, IsTheMinimiserOfTheObjective) {
  const Game game = random_game(4, 7);
  const Tensor last_N = at::log_softmax(random_tensor({4}, 8), 0);
  const Tensor magnet_N = at::log_softmax(random_tensor({4}, 9), 0);
  for (const double step : {0.5, 1e-3}) {
    for (const char* const name : {"gpo", "inpo", "sppo"}) {
      const TabularMethod& method = tabular_method_by_name(name);
      const bool is_inpo = method.has_magnet;
      const UpdateOptions options{.step = step, .magnet_weight = is_inpo ? 0.2 : 0.0};
      const Tensor next_N = exact_update(method, game.payoff(method.payoff), last_N, magnet_N, options);
      const TabularPolicies policies{.theta_N = next_N.clone().requires_grad_(true),
                                     .last_N = last_N,
                                     .reference_N = is_inpo ? magnet_N : last_N,
                                     .magnet_N = {}};
      ObjectiveConfig config;
      config.objective = name;
      config.beta = config.step = 1 / step;
      config.kl = 0.2 / step;
      if (std::string(name) == "gpo") config.mean = "with_self";  // what a centred residual wants (gpo.cpp)
      const double size = expected_pair_gradient(game, policies, config).abs().max().item<double>();
      const bool is_exact = std::string(name) != "sppo";
      EXPECT_LT(size, is_exact ? 1e-12 : step * step) << name << " step " << step;
      // Not an empty statement: the start is no minimiser.
      TabularPolicies start = policies;
      start.theta_N = last_N.clone().requires_grad_(true);
      EXPECT_GT(expected_pair_gradient(game, start, config).abs().max().item<double>(), step * 1e-2) << name;
    }
  }
}

// Over many groups the mean of the sampled gradients is their expectation, for every objective of the table.
TEST(SampledGradient, EqualsTheExactOneInExpectation) {
  const Game game = random_game(3, 3);
  const TabularPolicies policies{.theta_N = at::log_softmax(random_tensor({3}, 4) * 0.5, 0).requires_grad_(true),
                                 .last_N = at::log_softmax(random_tensor({3}, 5) * 0.5, 0),
                                 .reference_N = at::log_softmax(random_tensor({3}, 6) * 0.5, 0),
                                 .magnet_N = at::log_softmax(random_tensor({3}, 7) * 0.5, 0)};
  constexpr int64_t kRounds = 30, kGroups = 60;
  for (const ObjectiveEntry* objective : all_objectives()) {
    ObjectiveConfig config;
    config.objective = objective->name;
    config.magnet_weight = 0.3;
    const Tensor expected_N = expected_pair_gradient(game, policies, config);
    Random random(11);
    Tensor sum_N = at::zeros_like(expected_N), squares_N = at::zeros_like(expected_N);
    for (int64_t round = 0; round < kRounds; ++round) {
      const Tensor gradient_N = sampled_gradient(game, policies, config, kGroups, 2, random);
      sum_N = sum_N + gradient_N;
      squares_N = squares_N + gradient_N.square();
    }
    const Tensor mean_N = sum_N / kRounds;
    const Tensor error_N = ((squares_N / kRounds - mean_N.square()).clamp_min(0) / kRounds).sqrt();
    EXPECT_TRUE(((mean_N - expected_N).abs() <= 4 * error_N + 1e-9).all().item<bool>())
        << objective->name << "\n"
        << mean_N << expected_N << error_N;
    EXPECT_LT(error_N.max().item<double>(), 0.15 * (1 + expected_N.abs().max().item<double>())) << objective->name;
  }
}

// The paper's estimator in closed form: 2 p_t(y) (D(y) - sbar(y)/beta), through the softmax.
TEST(SampledGradient, OfGpoHasItsClosedForm) {
  const Game game = random_game(4, 21);
  const Tensor last_N = at::log_softmax(random_tensor({4}, 22), 0);
  const Tensor theta_N = at::log_softmax(random_tensor({4}, 23), 0).requires_grad_(true);
  const TabularPolicies policies{.theta_N = theta_N, .last_N = last_N, .reference_N = last_N, .magnet_N = {}};
  ObjectiveConfig config;
  config.beta = 2;
  config.log_z = "zero";
  const Tensor p_N = last_N.exp(), residual_N = theta_N.detach() - last_N - at::mv(game.log_odds_NN, p_N) / config.beta;
  const Tensor by_log_prob_N = 2 * p_N * residual_N;
  // Groups of two do not see the mean over all others but over one, whose expectation it is.
  const Tensor expected_N = by_log_prob_N - theta_N.detach().exp() * by_log_prob_N.sum();
  EXPECT_LT(distance(expected_pair_gradient(game, policies, config), expected_N), 1e-12);
}

SimulateConfig config_of(std::vector<std::string> methods, int64_t iterations) {
  SimulateConfig config;
  config.methods = std::move(methods);
  config.iterations = iterations;
  config.step = 0.1;
  return config;
}

TEST(Simulate, AveragesConvergeAndOnlySomeLastIteratesDo) {
  const Game game = rock_paper_scissors();
  for (const Trace& trace : simulate(game, config_of({}, 10000))) {
    const TracePoint &first = trace.points.front(), &end = trace.points.back();
    const bool is_odds = trace.payoff == Payoff::kLogOdds;
    const double start = is_odds ? first.last_log_odds : first.last_probability;
    const double last = is_odds ? end.last_log_odds : end.last_probability;
    const double average = is_odds ? end.average_log_odds : end.average_probability;
    EXPECT_GT(start, 0.05) << trace.method;
    EXPECT_LT(average, 0.02 * start) << trace.method;
    if (trace.method == "gpo" || trace.method == "sppo" || trace.method == "mwu") {
      EXPECT_GT(last, start) << trace.method;  // unregularised self-play spirals outwards
    } else if (trace.method == "extragradient") {
      EXPECT_LT(last, 0.5 * start);  // inwards, slowly at this step
    } else {
      EXPECT_LT(last, 1e-6) << trace.method;  // the uniform magnet stands on the equilibrium
    }
  }
}

TEST(Simulate, ExtragradientArrives) {
  SimulateConfig config = config_of({"extragradient"}, 5000);
  config.step = 1;
  EXPECT_LT(simulate(rock_paper_scissors(), config).front().points.back().last_probability, 1e-6);
}

// With a magnet of weight m the last iterate comes to rest where eta (A p) = m log(p/mu) + const, and nobody gains more
// there than (m/eta) log N against a uniform magnet (arXiv:2206.05825, for m above eta^2 |A|^2).
TEST(Simulate, AMagnetMakesTheLastIterateConverge) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Game game = random_game(5, 100 + seed);
    SimulateConfig config = config_of({"gpo", "sppo"}, 6000);
    config.step = 0.01;
    config.magnet_weight = 0.002;
    for (const Trace& trace : simulate(game, config)) {
      const Tensor last_N = at::tensor(trace.last, game.log_odds_NN.options());
      const Tensor uniform_N = at::full({5}, -std::log(5.0), last_N.options());
      const Tensor next_N = exact_update(tabular_method_by_name(trace.method), game.payoff(trace.payoff), last_N.log(),
                                         uniform_N, {.step = config.step, .magnet_weight = config.magnet_weight})
                                .exp();
      EXPECT_LT(distance(next_N, last_N), 1e-6) << trace.method << " seed " << seed;
      const TracePoint& end = trace.points.back();
      const double gap = trace.payoff == Payoff::kLogOdds ? end.last_log_odds : end.last_probability;
      EXPECT_LT(gap, 2 * (config.magnet_weight / config.step) * std::log(5.0)) << trace.method << " seed " << seed;
    }
  }
}

TEST(Simulate, EverybodyFindsTheWinnerOfATransitiveGame) {
  const Game game = ladder(4);
  for (const Trace& trace : simulate(game, config_of({}, 2000))) {
    EXPECT_EQ(std::max_element(trace.last.begin(), trace.last.end()) - trace.last.begin(), 3) << trace.method;
  }
  // DPO on labelled pairs agrees.
  const Tensor uniform_N = at::full({4}, -std::log(4.0), game.log_odds_NN.options());
  TabularPolicies policies{
      .theta_N = uniform_N.clone().requires_grad_(true), .last_N = uniform_N, .reference_N = uniform_N, .magnet_N = {}};
  ObjectiveConfig config;
  config.objective = "dpo";
  for (int64_t step = 0; step < 50; ++step) {
    const Tensor gradient_N = expected_pair_gradient(game, policies, config);
    policies.theta_N = (policies.theta_N.detach() - 2 * gradient_N).requires_grad_(true);
  }
  EXPECT_EQ(policies.theta_N.argmax().item<int64_t>(), 3);
}

TEST(Simulate, SampledUpdatesFollowTheExactOnes) {
  const Game game = rock_paper_scissors();
  for (const char* const method : {"gpo", "sppo", "inpo"}) {
    SimulateConfig config = config_of({method}, 10);
    const Trace exact = simulate(game, config).front();
    config.sampled_groups = 64;
    const Trace sampled = simulate(game, config).front();
    for (size_t i = 0; i < exact.last.size(); ++i) EXPECT_NEAR(sampled.last[i], exact.last[i], 0.05) << method;
  }
  EXPECT_THAT(
      [&] {
        SimulateConfig config = config_of({"mwu"}, 2);
        config.sampled_groups = 1;
        simulate(game, config);
      },
      ThrowsMessage<ConfigError>(HasSubstr("no sampled form")));
  EXPECT_THAT([&] { simulate(game, config_of({"gop"}, 1)); }, ThrowsMessage<ConfigError>(HasSubstr("'gpo'")));
}

}  // namespace
}  // namespace rondo::align
