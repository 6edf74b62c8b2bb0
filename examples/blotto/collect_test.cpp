// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/collect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "examples/blotto/habits.h"
#include "examples/blotto/pictures.h"
#include "examples/blotto/test_folder.h"
#include "rondo/base/error.h"

namespace blotto {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Json = nlohmann::json;

Field made_field(const Rule& rule, uint64_t seed, int64_t count) {
  return {.rule = rule,
          .plans = make_plans(rule, {.count = count}, rondo::Random(seed), {}),
          .prompt = prompt_text(rule),
          .id = "x"};
}

TEST(Pictures, ShowCyclesWhoseClosestWinIsTheClearest) {
  const Field field = made_field(ladder_rule(6, 30), 3, 30);
  for (const int size : {3, 4}) {
    const Field cycle = clearest_cycle(field, size);
    ASSERT_EQ(cycle.plans.size(), static_cast<size_t>(size));
    for (size_t k = 0; k < cycle.plans.size(); ++k) {
      EXPECT_EQ(outcome(field.rule, cycle.plans[k], cycle.plans[(k + 1) % cycle.plans.size()]), 'W');
    }
  }
  int clearest = 0;
  for (const Plan& a : field.plans) {
    for (const Plan& b : field.plans) {
      for (const Plan& c : field.plans) {
        clearest = std::max(clearest,
                            std::min({margin(field.rule, a, b), margin(field.rule, b, c), margin(field.rule, c, a)}));
      }
    }
  }
  const auto found = clearest_cycle(field, 3).plans;
  EXPECT_EQ(std::min({margin(field.rule, found[0], found[1]), margin(field.rule, found[1], found[2]),
                      margin(field.rule, found[2], found[0])}),
            clearest);
}

TEST(Pictures, SayWhenNothingRunsInCircles) {
  const Rule rule{.values = {1, 5}, .soldiers = 4};
  EXPECT_THAT(
      [&] {
        clearest_cycle({rule, {{0, 4}, {1, 3}, {4, 0}}, "", "ladder"}, 3);
      },
      ThrowsMessage<rondo::DataError>(HasSubstr("ladder")));
}

TEST(Pictures, ShowADuelThatTwoRulesDecideDifferently) {
  rondo::Random random(2);
  std::vector<Field> fields;
  for (uint64_t k = 0; k < 3; ++k) fields.push_back(made_field(random_rule(5, 20, 10, random), k, 20));
  const std::vector<Field> duel = clearest_duel(fields);
  ASSERT_EQ(duel.size(), 2u);
  EXPECT_EQ(duel[0].plans, duel[1].plans);
  EXPECT_NE(duel[0].prompt, duel[1].prompt);
  EXPECT_EQ(outcomes(duel[0].rule, duel[0].plans), "W");
  EXPECT_EQ(outcomes(duel[1].rule, duel[1].plans), "L");
}

TEST(Collect, AddsTheUncertaintyOfDataAndSeedsInSquares) {
  const std::vector<Json> seeds{{{"a", 0.90}, {"a_low", 0.89}, {"a_high", 0.91}},
                                {{"a", 0.92}, {"a_low", 0.91}, {"a_high", 0.93}}};
  nlohmann::ordered_json target;
  add_mean(target, seeds, "a");
  // Two seeds: t = 12.706 times the standard error 0.01.
  EXPECT_NEAR(target["a"].get<double>(), 0.91, 1e-12);
  EXPECT_NEAR(target["a_low"].get<double>(), 0.91 - std::hypot(0.01, 0.12706), 1e-6);
  nlohmann::ordered_json one;
  add_mean(one, std::span(seeds).first(1), "a");
  EXPECT_NEAR(one["a_low"].get<double>(), 0.89, 1e-12);
  add_mean(one, seeds, "missing");
  EXPECT_FALSE(one.contains("missing"));
}

TEST(Collect, GathersARunFolder) {
  const Folder folder;
  folder.file("eval-s1.json", R"({"models": [
      {"model": "x/bt", "accuracy": 0.6, "accuracy_low": 0.5, "accuracy_high": 0.7, "log_loss": 0.6, "comparisons": 3,
       "cyclic_triads_right": 0.0},
      {"model": "x/gpm", "accuracy": 0.9, "log_loss": 0.3, "cyclic_triads_right": 0.7}],
      "differences": [{"model": "x/gpm", "against": "x/bt", "accuracy": 0.3, "accuracy_low": 0.2, "accuracy_high": 0.4}]})");
  folder.file("gpm-s1/metrics.jsonl",
              "{\"step\":1,\"seconds\":2.0,\"eval\":{\"accuracy\":0.8}}\n{\"step\":2,\"seconds\":4.0}\n");
  folder.file("baseline.json", R"({"accuracy": 0.8})");
  write_fields(folder.file("cycle.jsonl"),
               {{{.values = {1, 1, 1}}, {{4, 2, 0}, {2, 0, 4}, {0, 4, 2}}, "castles 1 1 1\n", "c"}});
  folder.file("cycle-gpm.jsonl", "{\"probabilities\": [[0.5, 0.9, 0.1], [0.1, 0.5, 0.9], [0.9, 0.1, 0.5]]}\n");
  const RunFolder run{
      .folder = folder.path(), .heads = {"bt", "gpm"}, .seeds = {1}, .seconds = 7, .title = "t", .lead = "l"};
  const auto metrics = collect_metrics(run);
  EXPECT_EQ(metrics["heads"]["bt"]["accuracy_high"], 0.7);
  EXPECT_EQ(metrics["heads"]["gpm"]["cyclic_triads_right"], 0.7);
  EXPECT_EQ(metrics["heads"]["gpm"]["train_seconds"], 4.0);
  EXPECT_EQ(metrics["differences"][0]["first"], "gpm");
  EXPECT_EQ(metrics["seconds"], 7);
  const auto story = collect_story(run, metrics);
  EXPECT_EQ(story["cycle"]["truth"].dump(), "[[0.5,1.0,0.0],[0.0,0.5,1.0],[1.0,0.0,0.5]]");
  EXPECT_EQ(story["cycle"]["models"][0]["name"], "gpm");
  EXPECT_EQ(story["curves"][0]["accuracy"].dump(), "[0.8]");
  EXPECT_EQ(story["baselines"][0]["accuracy"], 0.8);
}

TEST(Collect, MeasuresWhatTheExchangedRuleIsWorth) {
  const Folder folder;
  folder.file("eval-s1.json", R"({"accuracy": 0.5})");
  // The first exchange turns every winner round, the second none.
  const std::vector<Plan> plans = {{2, 0}, {0, 2}, {1, 1}};
  const auto file = [&](const char* name, const std::vector<const char*>& prompts) {
    std::vector<Field> fields;
    for (const char* const prompt : prompts) {
      Field& field = fields.emplace_back();
      field.rule.values = {3, 1};  // not written: rows hold the prompt
      field.plans = plans;
      field.prompt = prompt;
    }
    write_fields(folder.file(name), fields);
  };
  file("rules-test.jsonl", {"castles 3 1\n", "castles 1 2\n"});
  file("rules-wrong.jsonl", {"castles 1 3\n", "castles 2 5\n"});
  const auto metrics =
      collect_metrics({.folder = folder.path(), .heads = {"bt"}, .seeds = {1}, .title = "", .lead = ""});
  EXPECT_EQ(metrics["second"]["wrong_rule_accuracy"], 0.5);
}

TEST(Collect, SaysWhenHeadsAndFilesDisagree) {
  const Folder folder;
  folder.file("eval-s1.json", R"({"accuracy": 0.5})");
  EXPECT_THAT(
      [&] {
        collect_metrics({.folder = folder.path(), .heads = {"bt", "gpm"}, .seeds = {1}, .title = "", .lead = ""});
      },
      ThrowsMessage<rondo::DataError>(HasSubstr("1 models, --heads names 2")));
}

}  // namespace
}  // namespace blotto
