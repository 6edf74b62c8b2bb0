// SPDX-License-Identifier: Apache-2.0
// The subcommands that judge policies: the rule as a referee of rows, and how far a sample of plans can be exploited.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "examples/blotto/commands.h"
#include "examples/blotto/strategy.h"
#include "rondo/base/error.h"

namespace blotto {
namespace {

using Json = nlohmann::ordered_json;
using Sample = std::vector<std::optional<Plan>>;

constexpr int kSoldiers = 100;

Sample plans_of(const Rule& rule, const Json& row) {
  Sample plans;
  for (const Json& text : row.at("responses")) plans.push_back(valid_plan(rule, text.get<std::string>()));
  return plans;
}

// Rows on standard input come back labelled by the rule, as `rondo align --referee-command` asks.
void referee() {
  int64_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    try {
      Json row = Json::parse(line);
      const Rule rule = parse_prompt(row.at("prompt").get<std::string>(), kSoldiers);
      row["outcomes"] = outcomes(rule, plans_of(rule, row));
      fmt::print("{}\n", row.dump());
    } catch (const nlohmann::json::exception& error) {
      throw rondo::DataError(
          fmt::format("row not read: standard input: row {}: {}; expected prompt and responses", number, error.what()));
    }
  }
}

struct ExploitFlags {
  std::string data;
  std::string against;
  uint64_t seed = 1;
  int starts = 20;
};

Sample read_sample(const std::string& path, Rule& rule) {
  std::ifstream file(path);
  if (!file) throw rondo::ResourceError("sample not read: " + path + ": cannot be opened; is the path right?");
  Sample sample;
  for (std::string line; std::getline(file, line);) {
    try {
      const Json row = Json::parse(line);
      rule = parse_prompt(row.at("prompt").get<std::string>(), kSoldiers);
      for (std::optional<Plan>& plan : plans_of(rule, row)) sample.push_back(std::move(plan));
    } catch (const nlohmann::json::exception& error) {
      throw rondo::DataError("sample not read: " + path + ": " + error.what() + "; expected prompt and responses");
    }
  }
  if (sample.size() < 2) throw rondo::DataError("sample not used: " + path + ": fewer than two responses");
  return sample;
}

double mean_verdict(const Rule& rule, const Sample& first, const Sample& second) {
  double sum = 0;
  for (const std::optional<Plan>& plan : first) {
    if (plan) sum += win_rate(rule, *plan, second);
    // A text that is no plan draws with its like alone.
    if (!plan)
      sum += 0.5 * static_cast<double>(std::count(second.begin(), second.end(), std::nullopt)) /
             static_cast<double>(second.size());
  }
  return sum / static_cast<double>(first.size());
}

// The counter-plan is searched on one half and judged on the other: on its own half it would look too good.
void exploit(const ExploitFlags& flags) {
  Rule rule;
  const Sample sample = read_sample(flags.data, rule);
  const auto middle = sample.begin() + static_cast<std::ptrdiff_t>(sample.size() / 2);
  const Sample searched(sample.begin(), middle), judged(middle, sample.end());
  const CounterPlan counter = best_counter_plan(rule, searched, flags.starts, rondo::Random(flags.seed));
  std::map<Plan, int64_t> counts;
  int64_t valid = 0;
  for (const std::optional<Plan>& plan : sample) {
    if (!plan) continue;
    ++counts[*plan];
    ++valid;
  }
  const auto size = static_cast<double>(sample.size());
  Json report;
  report["exploitability"] = win_rate(rule, counter.plan, judged) - 0.5;
  report["counter_plan"] = plan_text(counter.plan);
  report["counter_win_rate"] = win_rate(rule, counter.plan, judged);
  report["valid_share"] = static_cast<double>(valid) / size;
  report["distinct_share"] = static_cast<double>(counts.size()) / size;
  const auto top =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (top != counts.end()) {
    report["top_plan"] = plan_text(top->first);
    report["top_share"] = static_cast<double>(top->second) / size;
  }
  if (!flags.against.empty()) {
    Rule other;
    report["win_rate_vs_base"] = mean_verdict(rule, sample, read_sample(flags.against, other));
  }
  fmt::print("{}\n", report.dump());
}

}  // namespace

void add_referee(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("referee", "label rows {prompt, responses} of standard input by the rule");
  sub->callback([] { referee(); });
}

void add_exploit(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("exploit", "the best counter-plan that a search finds against sampled plans");
  const auto flags = std::make_shared<ExploitFlags>();
  sub->add_option("--data", flags->data, "rows of `rondo generate`, all under one rule")->required();
  sub->add_option("--against", flags->against, "rows of another policy to play against");
  sub->add_option("--seed", flags->seed, "seed of the search")->capture_default_str();
  sub->add_option("--starts", flags->starts, "beginnings of the search")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  sub->callback([flags] { exploit(*flags); });
}

}  // namespace blotto
