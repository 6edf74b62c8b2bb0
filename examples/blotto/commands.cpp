// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/commands.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "examples/blotto/habits.h"
#include "examples/blotto/neighbours.h"
#include "examples/blotto/riddler.h"
#include "examples/blotto/rows.h"
#include "rondo/base/error.h"
#include "rondo/base/random.h"

namespace blotto {
namespace {

constexpr int kRiddlerCastles = 10;
constexpr int kRiddlerSoldiers = 100;
constexpr int kHighestValue = 10;
// Where castle values vary, some people do not look at them.
constexpr double kMisreadShare = 0.3;

Field field_of(const Rule& rule, std::vector<Plan> plans, const std::string& id) {
  return {.rule = rule, .plans = std::move(plans), .prompt = prompt_text(rule), .id = id};
}

struct MakeFlags {
  int64_t plans = 1000;
  int64_t rules = 1;
  uint64_t seed = 1;
  int castles = 10;
  int soldiers = kRiddlerSoldiers;
  bool random_values = false;
  bool wrong_prompts = false;
  std::vector<std::string> exclude;
  std::string out;
};

// Prompts move on by one field: the plans and outcomes of each rule under the words of another.
void rotate_prompts(std::vector<Field>& fields) {
  if (fields.size() < 2) {
    throw rondo::ConfigError("prompts not exchanged: --wrong-prompts: there is one rule only; use --rules 2 or more");
  }
  const std::string first = fields.front().prompt;
  for (size_t k = 0; k + 1 < fields.size(); ++k) fields[k].prompt = fields[k + 1].prompt;
  fields.back().prompt = first;
}

void make(const MakeFlags& flags) {
  std::set<Plan> taken;
  std::set<std::string> taken_prompts;
  for (const std::string& path : flags.exclude) {
    for (const Field& field : read_fields(path, flags.soldiers)) {
      taken.insert(field.plans.begin(), field.plans.end());
      if (flags.random_values) taken_prompts.insert(field.prompt);
    }
  }
  const rondo::Random random(flags.seed);
  std::vector<Field> fields;
  for (uint64_t stream = 0; static_cast<int64_t>(fields.size()) < flags.rules; ++stream) {
    rondo::Random own = random.split(stream);
    const Rule rule = flags.random_values ? random_rule(flags.castles, flags.soldiers, kHighestValue, own)
                                          : ladder_rule(flags.castles, flags.soldiers);
    if (!taken_prompts.insert(prompt_text(rule)).second && flags.random_values) continue;
    const MakeOptions options{.count = flags.plans, .misread = flags.random_values ? kMisreadShare : 0};
    std::vector<Plan> plans = make_plans(rule, options, own, taken);
    // The ladder has one prompt, so further rows of it must bring further plans.
    if (!flags.random_values) taken.insert(plans.begin(), plans.end());
    fields.push_back(field_of(rule, std::move(plans), fmt::format("made-{}-{}", flags.seed, fields.size())));
  }
  if (flags.wrong_prompts) rotate_prompts(fields);
  write_fields(flags.out, fields);
  fmt::print("{}: {} rows of {} plans\n", flags.out, fields.size(), flags.plans);
}

struct ReadFlags {
  std::vector<std::string> csv;
  std::string out_train;
  std::string out_test;
  int64_t test = 400;
  int64_t mix = 0;
  uint64_t seed = 1;
};

void read(const ReadFlags& flags) {
  const Rule rule = ladder_rule(kRiddlerCastles, kRiddlerSoldiers);
  const std::vector<Plan> plans = read_riddler_files(flags.csv, kRiddlerCastles, kRiddlerSoldiers);
  Split split = split_by_hash(plans, flags.test);
  const std::set<Plan> taken(plans.begin(), plans.end());
  const std::vector<Plan> made = make_plans(rule, {.count = flags.mix}, rondo::Random(flags.seed), taken);
  const size_t human = split.train.size();
  split.train.insert(split.train.end(), made.begin(), made.end());
  write_fields(flags.out_train, {field_of(rule, split.train, "castles-train")});
  write_fields(flags.out_test, {field_of(rule, split.test, "castles-test")});
  fmt::print("{} distinct plans: {} in {} (and {} generated), {} in {}\n", plans.size(), human, flags.out_train,
             made.size(), split.test.size(), flags.out_test);
}

struct BaselineFlags {
  std::string train;
  std::string test;
  std::string out_far;
  int near = 2;
  int soldiers = kRiddlerSoldiers;
};

// The rule of the two files, which must agree.
Rule shared_rule(const std::vector<Field>& train, const std::vector<Field>& test) {
  for (const auto* fields : {&train, &test}) {
    for (const Field& field : *fields) {
      if (field.prompt == train.front().prompt) continue;
      throw rondo::DataError("baseline not computed: '" + field.prompt + "': differs from '" + train.front().prompt +
                             "'; copying needs one rule for all rows");
    }
  }
  return train.front().rule;
}

std::vector<Plan> all_plans(const std::vector<Field>& fields) {
  std::vector<Plan> plans;
  for (const Field& field : fields) plans.insert(plans.end(), field.plans.begin(), field.plans.end());
  return plans;
}

void baseline(const BaselineFlags& flags) {
  const std::vector<Field> train = read_fields(flags.train, flags.soldiers);
  const std::vector<Field> test = read_fields(flags.test, flags.soldiers);
  if (train.empty() || test.empty()) {
    throw rondo::DataError("baseline not computed: " + flags.train + ", " + flags.test + ": a file without rows");
  }
  const Rule rule = shared_rule(train, test);
  const std::vector<Plan> train_plans = all_plans(train);
  const std::vector<Plan> test_plans = all_plans(test);
  const CopyResult copied = copy_nearest(rule, train_plans, test_plans);
  std::vector<size_t> near_plans;
  std::vector<Plan> far_plans;
  for (size_t k = 0; k < test_plans.size(); ++k) {
    if (copied.distances[k] <= flags.near) {
      near_plans.push_back(k);
    } else {
      far_plans.push_back(test_plans[k]);
    }
  }
  const CopyResult far = copy_nearest(rule, train_plans, far_plans);
  if (!flags.out_far.empty()) write_fields(flags.out_far, {field_of(rule, far_plans, "far")});
  nlohmann::ordered_json report;
  report["accuracy"] = copied.accuracy;
  report["accuracy_half"] = copied.accuracy_half;
  report["comparisons"] = copied.comparisons;
  report["near_distance"] = flags.near;
  report["near_count"] = near_plans.size();
  report["near_plans"] = near_plans;
  report["accuracy_far"] = far.accuracy;
  report["comparisons_far"] = far.comparisons;
  fmt::print("{}\n", report.dump());
}

}  // namespace

void add_make(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("make", "invent plans with human-like habits and let the rule judge every pair");
  const auto flags = std::make_shared<MakeFlags>();
  sub->add_option("--plans", flags->plans, "plans per row")->check(CLI::Range(2, 100000))->capture_default_str();
  sub->add_option("--rules", flags->rules, "rows; each has its own castle values under --random-values")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--seed", flags->seed, "seed of rules and plans")->capture_default_str();
  sub->add_option("--castles", flags->castles, "castles in the game")->check(CLI::Range(2, 100))->capture_default_str();
  sub->add_option("--soldiers", flags->soldiers, "soldiers of a plan")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  sub->add_flag("--random-values", flags->random_values, "castle values 1 to 10 at random, named in the prompt");
  sub->add_flag("--wrong-prompts", flags->wrong_prompts, "control: every row says another row's castle values");
  sub->add_option("--exclude", flags->exclude, "rows whose plans (and random rules) must not appear");
  sub->add_option("--out", flags->out, "JSONL file to write")->required();
  sub->callback([flags] { make(*flags); });
}

void add_read(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("read", "turn castle-solutions*.csv into training and test rows");
  const auto flags = std::make_shared<ReadFlags>();
  sub->add_option("--csv", flags->csv, "the files")->required();
  sub->add_option("--out-train", flags->out_train, "JSONL file to write")->required();
  sub->add_option("--out-test", flags->out_test, "JSONL file to write")->required();
  sub->add_option("--test", flags->test, "test plans: those with the smallest SHA-256")->capture_default_str();
  sub->add_option("--mix", flags->mix, "generated plans to add to the training rows")->capture_default_str();
  sub->add_option("--seed", flags->seed, "seed of the generated plans")->capture_default_str();
  sub->callback([flags] { read(*flags); });
}

void add_words(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("words", "write the word list that `rondo init --words` takes");
  const auto soldiers = std::make_shared<int>(kRiddlerSoldiers);
  const auto out = std::make_shared<std::string>();
  sub->add_option("--soldiers", *soldiers, "largest number that a plan may hold")->capture_default_str();
  sub->add_option("--out", *out, "text file to write, one word per line")->required();
  sub->callback([soldiers, out] { write_lines(*out, word_list(*soldiers)); });
}

void add_baseline(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("baseline", "play every test plan as its nearest training plan");
  const auto flags = std::make_shared<BaselineFlags>();
  sub->add_option("--train", flags->train, "rows with the training plans")->required();
  sub->add_option("--test", flags->test, "rows with the test plans")->required();
  sub->add_option("--near", flags->near, "L1 distance up to which a test plan counts as near")->capture_default_str();
  sub->add_option("--out-far", flags->out_far, "writes the test rows without the near plans");
  sub->add_option("--soldiers", flags->soldiers, "soldiers of a plan")->capture_default_str();
  sub->callback([flags] { baseline(*flags); });
}

}  // namespace blotto
