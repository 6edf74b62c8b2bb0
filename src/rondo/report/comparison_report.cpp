// SPDX-License-Identifier: Apache-2.0
#include "rondo/report/comparison_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"
#include "rondo/report/html_report.h"
#include "rondo/report/plots.h"
#include "rondo/report/svg_pictures.h"

namespace rondo::report {
namespace {

using Json = nlohmann::json;

const Json& part(const Json& object, const std::string& key) {
  static const Json kNothing;
  return object.is_object() && object.contains(key) ? object[key] : kNothing;
}

WinTable win_table(const Json& json, size_t responses, const std::string& whose) {
  WinTable table;
  if (json.is_array()) {
    for (const Json& row : json) table.push_back(row.get<std::vector<double>>());
  }
  bool is_square = table.size() == responses;
  for (const auto& row : table) is_square = is_square && row.size() == responses;
  if (!is_square) {
    throw DataError(fmt::format("report not made: cycle: {}: expected {} x {} numbers; one row per response", whose,
                                responses, responses));
  }
  return table;
}

void add_cycle(HtmlReport& report, const Json& cycle) {
  if (cycle.is_null()) return;
  const auto responses = cycle.at("responses").get<std::vector<std::string>>();
  const WinTable truth = win_table(cycle.at("truth"), responses.size(), "truth");
  std::string markup = "<div class=\"panels\">";
  markup += cycle_panel_svg({.name = "The truth", .wins = truth, .is_truth = true}, truth);
  for (const Json& model : cycle.at("models")) {
    const auto name = model.at("name").get<std::string>();
    markup += cycle_panel_svg({.name = "As " + head_short_title(name) + " sees it",
                               .wins = win_table(model.at("probabilities"), responses.size(), name)},
                              truth);
  }
  markup += "</div><div class=\"plans\">";
  for (size_t k = 0; k < responses.size(); ++k) {
    markup +=
        fmt::format("<div class=\"plan\"><b>{}</b> {}", response_letter(k),
                    number_bars_svg(responses[k]).empty() ? escape_html(responses[k]) : number_bars_svg(responses[k]));
    markup += "</div>";
  }
  markup += "</div>";
  report.add_picture(
      markup,
      "An arrow points from the winner to the loser; the number is the predicted probability of that win. "
      "Dashed arrows are wrong. The models never saw these responses in training.");
}

std::string name_of(const Json& heads, const std::string& head) {
  return heads.contains(head) ? head_title(head) : head;
}

// What the paired difference allows to say, in words.
void add_verdicts(HtmlReport& report, const Json& differences, const Json& heads) {
  if (!differences.is_array()) return;
  for (const Json& difference : differences) {
    const std::string first = name_of(heads, difference.at("first").get<std::string>());
    const std::string second = name_of(heads, difference.at("second").get<std::string>());
    const Json &low = part(difference, "accuracy_low"), &high = part(difference, "accuracy_high");
    if (!low.is_number() || !high.is_number() || !part(difference, "accuracy").is_number()) continue;
    const double points = 100 * difference["accuracy"].get<double>();
    const std::string interval = fmt::format("({:+.1f} to {:+.1f})", 100 * low.get<double>(), 100 * high.get<double>());
    if (low.get<double>() > 0) {
      report.add_finding(fmt::format("{} is right more often than {}: {:+.1f} points of accuracy {}.", first, second,
                                     points, interval),
                         Tone::kGood);
    } else if (high.get<double>() < 0) {
      report.add_finding(fmt::format("{} is right less often than {}: {:+.1f} points of accuracy {}.", first, second,
                                     points, interval),
                         Tone::kCaution);
    } else {
      report.add_finding(fmt::format("{} does not beat {} beyond noise on these data: {:+.1f} points of accuracy {}.",
                                     first, second, points, interval),
                         difference["second"] == "bt" ? Tone::kCaution : Tone::kPlain);
    }
  }
}

void add_heads_table(HtmlReport& report, const Json& story) {
  const Json& heads = story.at("heads");
  Table table{.caption =
                  "Unseen responses; all models had the same data, backbone and number of steps. In brackets the "
                  "95 % interval. A triad counts as right when all three of its edges are.",
              .columns = {"model", "accuracy", "log-loss", "cyclic triads right"}};
  for (const auto& [head, metrics] : heads.items()) {
    table.rows.push_back({head_title(head), with_interval(metrics, "accuracy"), with_interval(metrics, "log_loss"),
                          with_interval(metrics, "cyclic_triads_right")});
    table.marks.push_back(head_colour(head));
  }
  for (const Json& baseline : part(story, "baselines")) {
    table.rows.push_back({baseline.at("name").get<std::string>(), with_interval(baseline, "accuracy"), "", ""});
  }
  report.add_heading("How often each model is right");
  report.add_table(table);
}

void add_anytime_curves(HtmlReport& report, const Json& story) {
  const Json& curves = part(story, "curves");
  if (!curves.is_array() || curves.empty()) return;
  std::vector<Line> lines;
  std::vector<std::string> named;
  double longest = 0;
  for (const Json& curve : curves) {
    const auto head = curve.at("head").get<std::string>();
    const bool is_first = std::find(named.begin(), named.end(), head) == named.end();
    if (is_first) named.push_back(head);
    lines.push_back({.name = head_title(head),
                     .x = curve.at("seconds").get<std::vector<double>>(),
                     .y = curve.at("accuracy").get<std::vector<double>>(),
                     .colour = head_colour(head),
                     .has_legend = is_first});
    for (const double seconds : lines.back().x) longest = std::max(longest, seconds);
  }
  for (const Json& baseline : part(story, "baselines")) {
    const double accuracy = baseline.at("accuracy").get<double>();
    lines.push_back({.name = baseline.at("name").get<std::string>(),
                     .x = {0, longest},
                     .y = {accuracy, accuracy},
                     .colour = "#8c8c8c",
                     .is_dashed = true});
  }
  report.add_heading("Accuracy against training time");
  add_line_plot(report, "Accuracy on unseen responses while training; one line per model and seed.", lines,
                {.x = "seconds of training", .y = "accuracy"});
}

void add_second_act(HtmlReport& report, const Json& second) {
  if (second.is_null()) return;
  report.add_heading("Second act: the rule stands in the prompt");
  if (second.contains("text")) report.add_text(second["text"].get<std::string>());
  Table table{.columns = {"", "accuracy", "log-loss", "cyclic triads right"}};
  for (const Json& row : part(second, "rows")) {
    table.rows.push_back({row.at("name").get<std::string>(), with_interval(row, "accuracy"),
                          with_interval(row, "log_loss"), with_interval(row, "cyclic_triads_right")});
  }
  if (!table.rows.empty()) report.add_table(table);
  Table examples{.caption = "The same two responses under two prompts: another rule, another winner.",
                 .columns = {"prompt", "first", "second", "who wins", "P(first wins), predicted"}};
  for (const Json& row : part(second, "examples")) {
    examples.rows.push_back({row.at("prompt").get<std::string>(), row.at("left").get<std::string>(),
                             row.at("right").get<std::string>(), row.at("truth").get<std::string>(),
                             with_interval(row, "predicted")});
  }
  if (!examples.rows.empty()) report.add_table(examples);
}

void add_calibration(HtmlReport& report, const Json& calibration) {
  if (!calibration.is_object() || calibration.empty()) return;
  std::vector<std::pair<std::string, Json>> judgements;
  for (const auto& [head, bins] : calibration.items()) judgements.emplace_back(head, Json{{"calibration", bins}});
  report.add_heading("Calibration");
  add_calibration_plot(report, judgements);
}

void add_manifest(HtmlReport& report, const Json& manifest) {
  if (!manifest.is_object() || manifest.empty()) return;
  report.add_heading("How this was made");
  std::vector<std::pair<std::string, std::string>> facts;
  for (const auto& [key, value] : manifest.items()) {
    facts.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  report.add_facts(facts);
}

HtmlReport build(const Json& story) {
  try {
    HtmlReport report(story.at("title").get<std::string>());
    if (story.contains("lead")) report.add_text(story["lead"].get<std::string>());
    add_cycle(report, part(story, "cycle"));
    add_verdicts(report, part(story, "differences"), story.at("heads"));
    add_heads_table(report, story);
    add_anytime_curves(report, story);
    add_second_act(report, part(story, "second"));
    add_calibration(report, part(story, "calibration"));
    add_manifest(report, part(story, "manifest"));
    return report;
  } catch (const Json::exception& error) {
    throw DataError(std::string("report not made: story: ") + error.what() + "; see comparison_report.h for its form");
  }
}

}  // namespace

std::string comparison_page(const nlohmann::json& story) { return build(story).html(); }

void write_comparison_report(const nlohmann::json& story, const std::filesystem::path& path) {
  build(story).save(path);
}

}  // namespace rondo::report
