// SPDX-License-Identifier: Apache-2.0
// The rule as a program beside `rondo align`: it labels rows, says what plan a response stands for, and writes the rows
// that a policy is first fitted to.
#include <fmt/format.h>

#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "examples/blotto/commands.h"
#include "examples/blotto/rows.h"
#include "examples/blotto/strategy.h"
#include "rondo/base/error.h"

namespace blotto {
namespace {

using Json = nlohmann::ordered_json;
using Sample = std::vector<std::optional<Plan>>;

constexpr int kSoldiers = 100;

// Every row of standard input goes to standard output, as `change` leaves it.
void rewrite_rows(const std::function<void(const Rule&, Json&)>& change) {
  int64_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    try {
      Json row = Json::parse(line);
      change(parse_prompt(row.at("prompt").get<std::string>(), kSoldiers), row);
      fmt::print("{}\n", row.dump());
    } catch (const nlohmann::json::exception& error) {
      throw rondo::DataError(
          fmt::format("row not read: standard input: row {}: {}; expected prompt and responses", number, error.what()));
    }
  }
}

void label(const Rule& rule, Json& row) {
  Sample plans;
  for (const Json& text : row.at("responses")) plans.push_back(valid_plan(rule, text.get<std::string>()));
  row["outcomes"] = outcomes(rule, plans);
}

void complete(const Rule& rule, Json& row) {
  for (Json& text : row.at("responses")) text = plan_text(completed_plan(rule, text.get<std::string>()));
}

struct PoolFlags {
  std::string data;
  std::string out;
  std::string out_prompts;
  int prompts = 64;
};

void pool(const PoolFlags& flags) {
  const std::vector<Field> fields = read_fields(flags.data, kSoldiers);
  if (fields.empty())
    throw rondo::DataError("pool not made: " + flags.data + ": there are no rows; is it the right file?");
  std::vector<std::string> rows, prompts;
  for (const Field& field : fields) {
    Json row{{"prompt", field.prompt}, {"responses", Json::array()}};
    for (Plan plan : field.plans) {
      plan.pop_back();
      row["responses"].push_back(plan_text(plan));
    }
    rows.push_back(row.dump());
  }
  for (int k = 0; k < flags.prompts; ++k) prompts.push_back(Json{{"id", k}, {"prompt", fields.front().prompt}}.dump());
  write_lines(flags.out, rows);
  write_lines(flags.out_prompts, prompts);
}

}  // namespace

void add_referee(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("referee", "label rows {prompt, responses} of standard input by the rule");
  sub->callback([] { rewrite_rows(label); });
}

void add_answers(CLI::App& app) {
  CLI::App* sub = app.add_subcommand(
      "answers", "put the plan that it stands for in place of every response in rows of standard input");
  sub->footer(
      "A response names the soldiers of every castle but the last, which gets those that are left. Numbers beyond what "
      "is left are cut to it.");
  sub->callback([] { rewrite_rows(complete); });
}

void add_pool(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("pool", "write plans as a policy writes them, without the last castle");
  const auto flags = std::make_shared<PoolFlags>();
  sub->add_option("--data", flags->data, "rows of `blotto make` or `blotto read`")->required();
  sub->add_option("--out", flags->out, "JSONL file of the plans")->required();
  sub->add_option("--out-prompts", flags->out_prompts, "JSONL file of prompts to sample from")->required();
  sub->add_option("--prompts", flags->prompts, "how many times the first row's prompt is asked")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  sub->callback([flags] { pool(*flags); });
}

}  // namespace blotto
