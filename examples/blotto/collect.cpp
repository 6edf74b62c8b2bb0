// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/collect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "examples/blotto/rows.h"
#include "rondo/base/error.h"
#include "rondo/io/json.h"

namespace blotto {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr const char* kFigures[] = {"accuracy", "accuracy_half", "log_loss", "brier", "ece", "cyclic_triads_right"};
constexpr const char* kCounts[] = {"comparisons", "cyclic_triads"};

std::vector<Json> json_lines(const std::filesystem::path& path) {
  std::vector<Json> rows;
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);) rows.push_back(rondo::io::parse_json(line, path.string()));
  return rows;
}

std::optional<Json> json_if_there(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  return rondo::io::read_json_file(path);
}

// The objects of one head, one per seed, from files of `rondo eval`.
std::vector<Json> judgements_of(const RunFolder& run, const std::string& stem, size_t head) {
  std::vector<Json> result;
  for (const int64_t seed : run.seeds) {
    const auto path = run.folder / fmt::format("{}-s{}.json", stem, seed);
    const Json file = rondo::io::read_json_file(path);
    const Json models = file.contains("models") ? file["models"] : Json::array({file});
    if (models.size() != run.heads.size()) {
      throw rondo::DataError(
          fmt::format("run not collected: {}: {} models, --heads names {}; evaluate all heads at once", path.string(),
                      models.size(), run.heads.size()));
    }
    result.push_back(models[head]);
  }
  return result;
}

double half_width_over_seeds(const std::vector<double>& values) {
  // The 0.975 quantiles of Student's t for 1, 2, ... degrees of freedom.
  constexpr double kStudent[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262};
  if (values.size() < 2) return 0;
  const double count = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double quantile = kStudent[std::min(values.size() - 2, std::size(kStudent) - 1)];
  return quantile * std::sqrt(squares / (count - 1) / count);
}

std::optional<std::vector<double>> numbers(std::span<const Json> seeds, const std::string& key) {
  std::vector<double> values;
  for (const Json& seed : seeds) {
    if (!seed.contains(key) || !seed[key].is_number()) return std::nullopt;
    values.push_back(seed[key].get<double>());
  }
  return values;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// The difference of two heads in every seed's file; `rondo eval` names models by their folders, so places tell heads.
std::vector<Json> differences_of(const std::vector<Json>& files, size_t later, size_t earlier) {
  std::vector<Json> found;
  for (const Json& file : files) {
    for (const Json& entry : file.value("differences", Json::array())) {
      const bool is_it = entry.at("model") == file["models"][later].at("model") &&
                         entry.at("against") == file["models"][earlier].at("model");
      if (is_it) found.push_back(entry);
    }
  }
  return found;
}

OrderedJson collect_differences(const RunFolder& run) {
  std::vector<Json> files;
  for (const int64_t seed : run.seeds) {
    files.push_back(rondo::io::read_json_file(run.folder / fmt::format("eval-s{}.json", seed)));
  }
  OrderedJson result = OrderedJson::array();
  for (size_t later = 0; later < run.heads.size(); ++later) {
    for (size_t earlier = 0; earlier < later; ++earlier) {
      const std::vector<Json> seeds = differences_of(files, later, earlier);
      if (seeds.size() != run.seeds.size()) continue;
      OrderedJson entry{{"first", run.heads[later]}, {"second", run.heads[earlier]}};
      add_mean(entry, seeds, "accuracy");
      add_mean(entry, seeds, "log_loss");
      result.push_back(std::move(entry));
    }
  }
  return result;
}

OrderedJson collect_head(const RunFolder& run, size_t head) {
  const std::vector<Json> seeds = judgements_of(run, "eval", head);
  OrderedJson result;
  for (const char* key : kFigures) add_mean(result, seeds, key);
  for (const char* key : kCounts) result[key] = seeds.front().value(key, Json());
  for (const Json& seed : seeds) result["accuracy_seeds"].push_back(OrderedJson(seed.value("accuracy", Json())));
  double train_seconds = 0;
  for (const int64_t seed : run.seeds) {
    const auto rows = json_lines(run.folder / fmt::format("{}-s{}", run.heads[head], seed) / "metrics.jsonl");
    if (!rows.empty()) train_seconds += rows.back().value("seconds", 0.0) / static_cast<double>(run.seeds.size());
  }
  result["train_seconds"] = train_seconds;
  if (std::filesystem::exists(run.folder / fmt::format("far-s{}.json", run.seeds.front()))) {
    const std::vector<Json> far = judgements_of(run, "far", head);
    OrderedJson renamed;
    add_mean(renamed, far, "accuracy");
    for (const auto& [key, value] : renamed.items()) result["far_" + key] = value;
  }
  return result;
}

OrderedJson truth_table(const Field& field) {
  OrderedJson table = OrderedJson::array();
  for (const Plan& left : field.plans) {
    OrderedJson row = OrderedJson::array();
    for (const Plan& right : field.plans) {
      const char result = outcome(field.rule, left, right);
      row.push_back(result == 'W' ? 1.0 : result == 'L' ? 0.0 : 0.5);
    }
    table.push_back(std::move(row));
  }
  return table;
}

constexpr int kAnySoldiers = 0;  // reading back plans needs the rule's values only

void add_cycle(OrderedJson& story, const RunFolder& run) {
  const auto path = run.folder / "cycle.jsonl";
  if (!std::filesystem::exists(path)) return;
  const Field field = read_fields(path.string(), kAnySoldiers).front();
  OrderedJson& cycle = story["cycle"];
  for (const Plan& plan : field.plans) cycle["responses"].push_back(plan_text(plan));
  cycle["truth"] = truth_table(field);
  cycle["models"] = OrderedJson::array();
  for (const std::string& head : run.heads) {
    const auto rows = json_lines(run.folder / ("cycle-" + head + ".jsonl"));
    if (rows.empty()) continue;
    cycle["models"].push_back({{"name", head}, {"probabilities", rows.front().at("probabilities")}});
  }
}

void add_curves(OrderedJson& story, const RunFolder& run) {
  story["curves"] = OrderedJson::array();
  for (const std::string& head : run.heads) {
    for (const int64_t seed : run.seeds) {
      OrderedJson curve{{"head", head}, {"seed", seed}};
      for (const Json& row : json_lines(run.folder / fmt::format("{}-s{}", head, seed) / "metrics.jsonl")) {
        if (!row.contains("eval") || !row["eval"].value("accuracy", Json()).is_number()) continue;
        curve["seconds"].push_back(OrderedJson(row.at("seconds")));
        curve["accuracy"].push_back(OrderedJson(row["eval"]["accuracy"]));
      }
      if (curve.contains("seconds")) story["curves"].push_back(std::move(curve));
    }
  }
}

// "0.812", with "(0.790 to 0.831)" where the metrics know an interval; "" where the figure is missing.
std::string figure_text(const Json& metrics, const std::string& key) {
  const auto number = [&metrics](const std::string& name) {
    const Json value = metrics.value(name, Json());
    return value.is_number() ? fmt::format("{:.3f}", value.get<double>()) : std::string();
  };
  const std::string low = number(key + "_low"), high = number(key + "_high");
  return number(key) + (low.empty() || high.empty() ? "" : " (" + low + " to " + high + ")");
}

// The same two plans under two prompts.
std::optional<Json> duel_table(const RunFolder& run) {
  if (!std::filesystem::exists(run.folder / "duel.jsonl")) return std::nullopt;
  const std::vector<Field> fields = read_fields((run.folder / "duel.jsonl").string(), kAnySoldiers);
  const std::vector<Json> ranked = json_lines(run.folder / "duel-ranked.jsonl");
  Json table{{"caption", "The same two responses under two prompts: another rule, another winner."},
             {"columns", {"prompt", "first", "second", "who wins", "P(first wins), predicted"}},
             {"rows", Json::array()}};
  for (size_t k = 0; k < std::min(fields.size(), ranked.size()); ++k) {
    const Field& field = fields[k];
    table["rows"].push_back({field.prompt, plan_text(field.plans[0]), plan_text(field.plans[1]),
                             outcome(field.rule, field.plans[0], field.plans[1]) == 'W' ? "first" : "second",
                             fmt::format("{:.3f}", ranked[k].at("probabilities").at(0).at(1).get<double>())});
  }
  return table;
}

// How often the winner under the exchanged values is the winner under the true ones (even pairs of the true rule left
// out): what a perfect reader of the exchanged prompts would score, so that the model's figure has a measure.
std::optional<double> exchanged_rule_accuracy(const RunFolder& run) {
  const std::filesystem::path right = run.folder / "rules-test.jsonl", wrong = run.folder / "rules-wrong.jsonl";
  if (!std::filesystem::exists(right) || !std::filesystem::exists(wrong)) return std::nullopt;
  const std::vector<Field> truth = read_fields(right.string(), kAnySoldiers);
  const std::vector<Field> exchanged = read_fields(wrong.string(), kAnySoldiers);
  int64_t agreed = 0, decided = 0;
  for (size_t k = 0; k < std::min(truth.size(), exchanged.size()); ++k) {
    const std::string winners = outcomes(truth[k].rule, truth[k].plans);
    const std::string named = outcomes(exchanged[k].rule, truth[k].plans);
    for (size_t pair = 0; pair < winners.size(); ++pair) {
      decided += winners[pair] != 'T';
      agreed += winners[pair] != 'T' && winners[pair] == named[pair];
    }
  }
  if (decided == 0) return std::nullopt;
  return static_cast<double>(agreed) / static_cast<double>(decided);
}

void add_second_act(OrderedJson& story, const RunFolder& run) {
  const std::optional<Json> right = json_if_there(run.folder / "rules.json");
  if (!right) return;
  OrderedJson& blocks = story["blocks"];
  blocks.push_back({{"heading", "Second act: the rule stands in the prompt"}});
  blocks.push_back(
      {{"text",
        "Now the castle values stand in the prompt and differ from prompt to prompt. One GPM was trained on many "
        "rules; "
        "it is judged on rules and plans that it never saw, under their own prompts and under each other's. If it "
        "reads the prompt, the exchange costs it accuracy."}});
  Json table{{"columns", {"", "accuracy", "log-loss", "cyclic triads right"}}, {"rows", Json::array()}};
  const auto add_row = [&table](const char* name, const Json& metrics) {
    table["rows"].push_back({name, figure_text(metrics, "accuracy"), figure_text(metrics, "log_loss"),
                             figure_text(metrics, "cyclic_triads_right")});
  };
  add_row("the right prompt", *right);
  if (const auto wrong = json_if_there(run.folder / "rules-wrong.json")) add_row("another rule's prompt", *wrong);
  if (const auto rule = exchanged_rule_accuracy(run)) add_row("that other rule itself", {{"accuracy", *rule}});
  blocks.push_back({{"table", table}});
  if (const auto duel = duel_table(run)) blocks.push_back({{"table", *duel}});
}

}  // namespace

void add_mean(OrderedJson& target, std::span<const Json> seeds, const std::string& key) {
  const auto values = numbers(seeds, key);
  if (!values) return;
  const double centre = mean(*values), over_seeds = half_width_over_seeds(*values);
  target[key] = centre;
  const auto lows = numbers(seeds, key + "_low"), highs = numbers(seeds, key + "_high");
  if (values->size() < 2 && !(lows && highs)) return;
  const double below = lows ? centre - mean(*lows) : 0, above = highs ? mean(*highs) - centre : 0;
  target[key + "_low"] = centre - std::hypot(below, over_seeds);
  target[key + "_high"] = centre + std::hypot(above, over_seeds);
}

OrderedJson collect_metrics(const RunFolder& run) {
  OrderedJson metrics;
  for (size_t head = 0; head < run.heads.size(); ++head) metrics["heads"][run.heads[head]] = collect_head(run, head);
  metrics["differences"] = collect_differences(run);
  if (const auto baseline = json_if_there(run.folder / "baseline.json"))
    metrics["baselines"]["nearest_plan"] = *baseline;
  if (const auto rules = json_if_there(run.folder / "rules.json")) metrics["second"]["right"] = *rules;
  if (const auto rules = json_if_there(run.folder / "rules-wrong.json")) metrics["second"]["wrong"] = *rules;
  if (const auto rule = exchanged_rule_accuracy(run)) metrics["second"]["wrong_rule_accuracy"] = *rule;
  metrics["seconds"] = run.seconds;
  metrics["seeds"] = run.seeds;
  return metrics;
}

OrderedJson collect_story(const RunFolder& run, const OrderedJson& metrics) {
  OrderedJson story{{"title", run.title}, {"lead", run.lead}};
  add_cycle(story, run);
  story["heads"] = metrics["heads"];
  story["differences"] = metrics["differences"];
  if (metrics.contains("baselines")) {
    const OrderedJson& copied = metrics["baselines"]["nearest_plan"];
    OrderedJson row{{"name", "copy of the nearest training plan"}, {"accuracy", copied.at("accuracy")}};
    if (copied.value("near_count", 0) > 0) row["far_accuracy"] = copied.at("accuracy_far");
    story["baselines"].push_back(std::move(row));
  }
  add_curves(story, run);
  add_second_act(story, run);
  for (size_t head = 0; head < run.heads.size(); ++head) {
    const Json first_seed = judgements_of(run, "eval", head).front();
    if (first_seed.contains("calibration")) story["calibration"][run.heads[head]] = first_seed["calibration"];
  }
  story["manifest"] = {{"seeds", run.seeds}, {"seconds in all", run.seconds}};
  return story;
}

}  // namespace blotto
