// SPDX-License-Identifier: Apache-2.0
// rondo verify: score recorded texts again; print the largest difference and how many pairs keep their order.
//
// A record is a JSON file {"rows": [{"prompt" | "messages", "responses", "scores" | "rewards"}]}: the M x M table, or
// one number a response. --record writes one from the model itself, so that a later version, another machine or another
// build can be compared with it; the scores of another program compare that program.
#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>

#include "apps/rondo/cli.h"
#include "apps/rondo/open.h"
#include "rondo/base/error.h"
#include "rondo/core/numbers.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/json.h"
#include "rondo/model/scoring.h"
#include "rondo/text/text_rows.h"

namespace rondo::cli {
namespace {

using nlohmann::json;

struct VerifyConfig {
  std::string directory;
  std::string reference;
  std::string record;
  std::string device = "cpu";
  double tolerance = 1e-5;
};

// Texts of several lengths and scripts; the last response begins like the first.
const char* const kPrompts[] = {"Name a prime number.", "Write one line about the sea.", "1 2 3", "What is 2 + 2?"};
const char* const kResponses[] = {"7", "The sea is wide and the boats are few.", "4 5 6 7 8 9 10",
                                  "7 is a prime number, and so is 11."};

json own_rows() {
  json rows = json::array();
  for (const char* prompt : kPrompts) rows.push_back({{"prompt", prompt}, {"responses", kResponses}});
  return rows;
}

PreferenceTable score_row(const json& row, const OpenModel& open) {
  // Templates print dictionaries in the order of their keys.
  const nlohmann::ordered_json ordered = nlohmann::ordered_json::parse(row.dump());
  Group source{
      .prompt = text::prompt_of(ordered), .responses = {}, .comparisons = {}, .id = "", .subset = "", .source = ""};
  for (const nlohmann::ordered_json& response : ordered.at("responses"))
    source.responses.push_back(text::response_of(response));
  data::Overlong overlong;
  const TokenGroup group = data::token_group(source, *open.encoder, {.max_length = std::numeric_limits<int64_t>::max()},
                                             "the record", overlong);
  const TokenGroup* const groups[] = {&group};
  model::ScoringCost cost;
  return model::score_groups(open.model(), groups, {}, cost).front();
}

json table_json(const Tensor& x) { return to_numbers(x); }

std::vector<double> flat(const json& values) {
  std::vector<double> numbers;
  for (const json& value : values) {
    if (value.is_array()) {
      for (const json& inner : value) numbers.push_back(inner);
    } else {
      numbers.push_back(value);
    }
  }
  return numbers;
}

// What a record and a model say of the same responses.
struct Agreement {
  double largest = 0;   // difference of two numbers
  int64_t pairs = 0;    // that the record orders
  int64_t ordered = 0;  // of them, as the model does
  int64_t numbers = 0;  // compared

  void compare(const json& expected, const Tensor& actual, size_t row) {
    const std::vector<double> a = flat(expected), b = table_json(actual);
    if (a.size() != b.size())
      throw DataError(
          fmt::format("the record does not fit: row {}: {} numbers, the model gives {}", row + 1, a.size(), b.size()));
    for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    numbers += static_cast<int64_t>(a.size());
  }

  // Gaps of every pair i < j; a record that has a tie orders nothing.
  void compare_order(const std::vector<double>& expected, const std::vector<double>& actual) {
    for (size_t k = 0; k < expected.size(); ++k) {
      pairs += expected[k] != 0;
      ordered += expected[k] != 0 && expected[k] * actual[k] > 0;
    }
  }
};

std::vector<double> gaps_of_rewards(const std::vector<double>& rewards) {
  std::vector<double> gaps;
  for (size_t i = 0; i < rewards.size(); ++i) {
    for (size_t j = i + 1; j < rewards.size(); ++j) gaps.push_back(rewards[i] - rewards[j]);
  }
  return gaps;
}

std::vector<double> gaps_of_table(const std::vector<double>& table, size_t size) {
  std::vector<double> gaps;
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = i + 1; j < size; ++j) gaps.push_back(table[i * size + j]);
  }
  return gaps;
}

void compare_row(const json& row, const PreferenceTable& table, size_t k, Agreement& agreement) {
  const bool has_scores = row.contains("scores");
  if (!has_scores && !row.contains("rewards"))
    throw DataError(fmt::format("the record does not fit: row {}: neither scores nor rewards", k + 1));
  if (row.contains("rewards") && !table.rewards_M.defined() && !has_scores)
    throw DataError(
        fmt::format("the record does not fit: row {}: rewards, and this model has none; record scores", k + 1));
  const size_t size = row.at("responses").size();
  if (has_scores) agreement.compare(row["scores"], table.scores_MM(), k);
  if (row.contains("rewards") && table.rewards_M.defined()) agreement.compare(row["rewards"], table.rewards_M, k);
  const std::vector<double> gaps = gaps_of_table(table_json(table.scores_MM()), size);
  agreement.compare_order(has_scores ? gaps_of_table(flat(row["scores"]), size) : gaps_of_rewards(flat(row["rewards"])),
                          gaps);
}

void record(const VerifyConfig& config, const OpenModel& open) {
  json rows = own_rows();
  for (json& row : rows) {
    const PreferenceTable table = score_row(row, open);
    row["scores"] = table_json(table.scores_MM());
    if (table.rewards_M.defined()) row["rewards"] = table_json(table.rewards_M);
  }
  io::write_file(config.record, json{{"model_hash", model::weights_hash(open.model())}, {"rows", rows}}.dump(2) + "\n");
  print_line(fmt::format("{} rows recorded in {}", rows.size(), config.record));
}

void run_verify(const VerifyConfig& config, Session& session) {
  require_flag(config.directory, "the model directory");
  if (config.reference.empty() == config.record.empty())
    throw ConfigError("verify what? give --reference FILE to compare, or --record FILE to write one");
  use_threads(session);
  const at::Device device = open_device(config.device);
  const OpenModel open = open_model(config.directory, {.device = device}, {}, session);
  if (!config.record.empty()) return record(config, open);
  Agreement agreement;
  size_t compared = 0;
  const json reference = io::read_json_file(config.reference);
  try {
    const json& rows = reference.at("rows");
    for (; compared < rows.size(); ++compared) {
      compare_row(rows[compared], score_row(rows[compared], open), compared, agreement);
    }
  } catch (const json::exception& error) {
    throw DataError("cannot read the record: " + config.reference + ": " + error.what() +
                    "; rows need prompt, responses and scores or rewards");
  }
  if (agreement.numbers == 0) throw DataError("the record is empty: " + config.reference + "; nothing was compared");
  print_line(fmt::format("{} rows compared, largest difference {:.3g} (tolerance {:.3g}), {} of {} pairs ordered alike",
                         compared, agreement.largest, config.tolerance, agreement.ordered, agreement.pairs));
  if (!(agreement.largest <= config.tolerance))
    throw ModelError(
        "scores differ from the record by more than the tolerance; was the tokenizer, the template or a weight "
        "changed?");
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<VerifyConfig>();
  app.add_option("directory", config->directory, "model directory");
  FlagBinder binder(app);
  binder.text("reference", config->reference, "recorded scores to compare with");
  binder.text("record", config->record, "file to write the model's own scores to");
  describe_device(binder, config->device);
  binder.number("tolerance", config->tolerance, "largest difference allowed", 0.0, 1e6);
  return [config](Session& session) { run_verify(*config, session); };
}

}  // namespace

constinit const VerbEntry verify_entry{
    .name = "verify",
    .summary = "score recorded texts again: the largest difference, and how many pairs keep their order",
    .setup = &setup,
};

}  // namespace rondo::cli
