// SPDX-License-Identifier: Apache-2.0
// Heads, tables, closed forms, losses and gradients against independent float64 values.
//
// The file is RONDO_REFERENCE where that is set (then the test never skips), else reference/methods.json of the shared
// data.
#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/log.h>
#include <ATen/ops/sigmoid.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "rondo/align/objectives/shared/objective.h"
#include "rondo/align/tabular/game.h"
#include "rondo/core/preference_table.h"
#include "rondo/heads/shared/head.h"
#include "rondo/losses/shared/loss.h"
#include "tests/support/shared_data.h"
#include "tests/support/tensors.h"

namespace rondo {
namespace {

using nlohmann::json;
using testing::distance;
using testing::from_json;

constexpr double kTolerance = 1e-9;

class Reference : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* named = std::getenv("RONDO_REFERENCE");
    const std::filesystem::path path =
        named != nullptr ? std::filesystem::path(named) : testing::shared_folder() / "reference/methods.json";
    if (named == nullptr && !std::filesystem::exists(path)) GTEST_SKIP() << "no reference values at " << path;
    std::ifstream file(path);
    ASSERT_TRUE(file) << path;
    cases_ = json::parse(file);
  }
  json cases_;
};

nn::ParameterSet parameters_of(const json& c) {
  nn::ParameterSet parameters;
  for (const auto& [key, name] : {std::pair{"score_weight", "score.weight"},
                                  {"value_head_weight", "value_head.weight"},
                                  {"prompt_head_weight", "prompt_head.weight"}}) {
    if (!c[key].is_null()) parameters.add(name, from_json(c[key]));
  }
  return parameters;
}

TEST_F(Reference, HeadsTablesAndClosedForms) {
  ASSERT_FALSE(cases_["heads"].empty());
  for (const json& c : cases_["heads"]) {
    SCOPED_TRACE(c["head"].get<std::string>() + " gate " + c["gate"].get<std::string>() + " norm " +
                 c["norm"].get<std::string>());
    heads::HeadConfig config{.kind = c["head"], .gate = c["gate"], .norm = c["norm"], .tau = c["tau"]};
    if (!c["value_head_weight"].is_null()) config.planes = static_cast<int64_t>(c["value_head_weight"].size()) / 2;
    if (!c["reward_clip"].is_null()) config.reward_clip = c["reward_clip"];
    EXPECT_EQ(heads::default_tau(config.kind, config.norm), config.kind == "bt" || config.norm == "none" ? 1.0 : 0.1);
    const nn::ParameterSet parameters = parameters_of(c);
    const at::Tensor hidden_MD = from_json(c["hidden"]);
    const HeadOutput output = heads::head_by_name(config.kind)
                                  .forward(config, parameters, hidden_MD, from_json(c["prompt_hidden"]).unsqueeze(0));
    const PreferenceTable table = output.group_table(0, 0, hidden_MD.size(0));
    EXPECT_LT(distance(table.scores_MM(), from_json(c["table"])), kTolerance);
    EXPECT_LT(distance(table.scores_ordered_MM(), from_json(c["table"])), kTolerance);
    EXPECT_LT(distance(at::sigmoid(table.scores_MM() / config.tau), from_json(c["probability"])), kTolerance);
    EXPECT_LT(distance(table.mean_scores_M(), from_json(c["mean_score_leave_one_out"])), kTolerance);
    EXPECT_LT(distance(table.mean_scores_with_self_M(), from_json(c["mean_score_with_self"])), kTolerance);
    if (output.gate_GP.defined()) {
      EXPECT_LT(distance(output.gate_GP.squeeze(0), from_json(c["gate_values"])), kTolerance);
    }
    if (c.contains("transitive_part")) {
      at::Tensor transitive_M = from_json(c["transitive_part"]);
      if (output.rewards_R.defined()) transitive_M = transitive_M + output.rewards_R;
      EXPECT_LT(distance(table.transitive_M(), transitive_M), kTolerance);
      EXPECT_LT(distance(table.cyclic_MM(), from_json(c["cyclic_part"])), kTolerance);
    }
  }
}

losses::ScoredComparisons comparisons_of(const json& c) {
  const at::Tensor score_C = from_json(c["score"]).requires_grad_(true);
  const at::Tensor zero_C = at::zeros_like(score_C), one_C = at::ones_like(score_C);
  losses::ScoredComparisons s{.score_C = score_C, .p_C = one_C, .tie_C = zero_C, .weight_C = one_C, .margin_C = zero_C};
  if (c.contains("weight")) s.weight_C = from_json(c["weight"]);
  if (c.contains("p")) s.p_C = at::full_like(zero_C, c["p"].get<double>());
  if (c.contains("margin")) s.margin_C = at::full_like(zero_C, c["margin"].get<double>());
  // The target is a log-odds; the loss takes the label whose logit it is.
  if (c.contains("target_logit")) s.p_C = at::full_like(zero_C, 1 / (1 + std::exp(-c["target_logit"].get<double>())));
  if (c.contains("nu")) s.log_nu = at::full({1}, std::log(c["nu"].get<double>()), score_C.options());
  if (c.contains("outcome")) {
    const std::string outcome = c["outcome"];
    s.p_C = at::full_like(zero_C, outcome == "win" ? 1.0 : outcome == "loss" ? 0.0 : 0.5);
    s.tie_C = at::full_like(zero_C, outcome == "tie" ? 1.0 : 0.0);
  }
  return s;
}

TEST_F(Reference, LossesAndTheirGradients) {
  ASSERT_FALSE(cases_["losses"].empty());
  for (const json& c : cases_["losses"]) {
    SCOPED_TRACE(c.dump());
    losses::ScoredComparisons s = comparisons_of(c);
    const losses::LossConfig config{.tau = c.value("tau", 1.0), .smoothing = c.value("smoothing", 0.0)};
    const losses::Loss loss = losses::loss_by_name(c["loss"].get<std::string>()).compute(s, config);
    loss.sum.backward();
    const double scale = std::max(1.0, std::abs(c["sum"].get<double>()));
    EXPECT_NEAR(loss.sum.item<double>(), c["sum"].get<double>(), kTolerance * scale);
    EXPECT_NEAR(loss.count.item<double>(), c["count"].get<double>(), kTolerance);
    EXPECT_LT(distance(s.score_C.grad(), from_json(c["gradient"])), kTolerance * scale);
  }
}

align::PolicyGroup policy_group_of(const json& c, const at::Tensor& log_ratio_K) {
  align::PolicyGroup group;
  group.reference_K = from_json(c["ref_logprob"]);
  group.last_K = from_json(c["last_logprob"]);
  group.log_prob_K = log_ratio_K + group.reference_K;
  group.length_K = from_json(c["length"]);
  const at::Tensor scores_KK = from_json(c["table"]);
  group.judged = {.mean_scores_K = scores_KK.sum(1) / static_cast<double>(scores_KK.size(0) - 1),
                  .scores_KK = scores_KK,
                  .transitive_K = scores_KK.mean(1),
                  .tau = c["tau"]};
  align::choose_pair(group);
  return group;
}

align::ObjectiveConfig objective_config_of(const json& c) {
  align::ObjectiveConfig config;
  config.objective = c["objective"];
  for (const auto& [key, text] :
       {std::pair{"mean", &config.mean}, {"log_z", &config.log_z}, {"on", &config.on}, {"average", &config.average}})
    *text = c.value(key, *text);
  for (const auto& [key, number] : {std::pair{"beta", &config.beta},
                                    {"smoothing", &config.smoothing},
                                    {"gamma", &config.gamma},
                                    {"kl", &config.kl},
                                    {"step", &config.step}})
    *number = c.value(key, *number);
  return config;
}

TEST_F(Reference, ObjectivesAndTheirGradients) {
  ASSERT_FALSE(cases_["objectives"].empty());
  for (const json& c : cases_["objectives"]) {
    SCOPED_TRACE(c["objective"].get<std::string>() + " beta " + c.value("beta", json()).dump());
    const at::Tensor log_ratio_K = from_json(c["log_ratio"]).requires_grad_(true);
    const align::PolicyGroup group = policy_group_of(c, log_ratio_K);
    EXPECT_EQ(group.best, c["best"]);
    EXPECT_EQ(group.worst, c["worst"]);
    const align::ObjectiveConfig config = objective_config_of(c);
    const at::Tensor loss = align::objective_by_name(config.objective).loss(group, config);
    loss.backward();
    const double scale = std::max(1.0, std::abs(c["loss"].get<double>()));
    EXPECT_NEAR(loss.item<double>(), c["loss"].get<double>(), kTolerance * scale);
    EXPECT_LT(distance(log_ratio_K.grad(), from_json(c["gradient"])), kTolerance * scale);
  }
}

TEST_F(Reference, GamesAndTheirGaps) {
  ASSERT_FALSE(cases_["games"].empty());
  for (const json& c : cases_["games"]) {
    SCOPED_TRACE(c["game"].get<std::string>());
    const align::Game game = align::game_from_json(c, "reference");
    if (c.contains("nash")) {
      EXPECT_NEAR(align::duality_gap(game.log_odds_NN, from_json(c["nash"])), 0, kTolerance);
    }
    if (c.contains("policy")) {
      EXPECT_NEAR(align::duality_gap(game.log_odds_NN, from_json(c["policy"])),
                  2 * c["best_response_value"].get<double>(), kTolerance);
    }
  }
}

TEST_F(Reference, AScalarModelIsBoundOnCycles) {
  for (const json& c : cases_["cycles"]) {
    const auto n = c["n"].get<int64_t>();
    // Every order of n rewards, by brute force: at most (n - 1)/n of a cycle's comparisons can be right.
    std::vector<int64_t> rewards(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) rewards[static_cast<size_t>(i)] = i;
    int64_t best = 0;
    do {
      int64_t right = 0;
      for (const json& pair : c["comparisons"])
        right += rewards[pair[0].get<size_t>()] > rewards[pair[1].get<size_t>()];
      best = std::max(best, right);
    } while (std::next_permutation(rewards.begin(), rewards.end()));
    EXPECT_DOUBLE_EQ(static_cast<double>(best) / static_cast<double>(n), c["scalar_bound"].get<double>());
  }
}

}  // namespace
}  // namespace rondo
