// SPDX-License-Identifier: Apache-2.0
#include "rondo/report/comparison_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/heads/shared/head.h"
#include "rondo/io/atomic_file.h"
#include "rondo/report/html_report.h"
#include "rondo/report/page.h"
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
  return heads.contains(head) ? head_short_title(head) : head;
}

struct PairedDifference {
  std::string first;
  std::string second;
  bool is_against_control;
  double accuracy;
  double low;
  double high;
};

bool is_control(const std::string& head) {
  const heads::HeadEntry* entry = heads::find_head(head);
  return entry != nullptr && entry->is_control;
}

std::vector<PairedDifference> paired_differences(const Json& story) {
  std::vector<PairedDifference> result;
  const Json& heads = story.at("heads");
  for (const Json& entry : part(story, "differences")) {
    const Json &accuracy = part(entry, "accuracy"), &low = part(entry, "accuracy_low"),
               &high = part(entry, "accuracy_high");
    if (!accuracy.is_number() || !low.is_number() || !high.is_number()) continue;
    result.push_back({.first = name_of(heads, entry.at("first").get<std::string>()),
                      .second = name_of(heads, entry.at("second").get<std::string>()),
                      .is_against_control = is_control(entry.at("second").get<std::string>()),
                      .accuracy = accuracy.get<double>(),
                      .low = low.get<double>(),
                      .high = high.get<double>()});
  }
  return result;
}

std::string points(const PairedDifference& d) {
  return fmt::format("{:+.1f} ({:+.1f} to {:+.1f})", 100 * d.accuracy, 100 * d.low, 100 * d.high);
}

// What the difference to the control allows to say, in words.
void add_findings(HtmlReport& report, const std::vector<PairedDifference>& differences) {
  for (const PairedDifference& d : differences) {
    if (!d.is_against_control) continue;
    const std::string amount = "points of accuracy: " + points(d) + ".";
    if (d.low > 0) {
      report.add_finding(fmt::format("{} is right more often than {}; {}", d.first, d.second, amount), Tone::kGood);
    } else if (d.high < 0) {
      report.add_finding(fmt::format("{} is right less often than {}; {}", d.first, d.second, amount), Tone::kCaution);
    } else {
      report.add_finding(fmt::format("{} does not beat {} beyond noise on these data; {}", d.first, d.second, amount),
                         Tone::kCaution);
    }
  }
}

void add_differences_table(HtmlReport& report, const std::vector<PairedDifference>& differences) {
  if (differences.size() < 2) return;
  Table table{
      .caption = "On the same comparisons, so the interval is that of the difference. Beyond noise: it leaves out 0.",
      .columns = {"difference", "points of accuracy", ""}};
  for (const PairedDifference& d : differences) {
    const char* verdict = d.low > 0 ? "better" : d.high < 0 ? "worse" : "no clear difference";
    table.rows.push_back({d.first + " - " + d.second, points(d), verdict});
  }
  report.add_table(table);
}

struct Figure {
  const char* key;
  const char* title;
};

// A column for every figure that some row has.
std::vector<Figure> figures_in(const Json& heads) {
  constexpr Figure kFigures[] = {{"accuracy", "accuracy"},
                                 {"far_accuracy", "accuracy without near copies"},
                                 {"log_loss", "log-loss"},
                                 {"ece", "calibration error"},
                                 {"cyclic_triads_right", "cyclic triads right"}};
  std::vector<Figure> present;
  for (const Figure& figure : kFigures) {
    for (const Json& metrics : heads) {
      if (!metrics.contains(figure.key)) continue;
      present.push_back(figure);
      break;
    }
  }
  return present;
}

std::vector<std::string> table_row(const std::string& name, const Json& metrics, const std::vector<Figure>& figures) {
  std::vector<std::string> row{name};
  for (const Figure& figure : figures) {
    row.push_back(metrics.contains(figure.key) ? with_interval(metrics, figure.key) : "");
  }
  return row;
}

void add_heads_table(HtmlReport& report, const Json& story) {
  const Json& heads = story.at("heads");
  const std::vector<Figure> figures = figures_in(heads);
  Table table{.caption =
                  "Unseen responses. In brackets the 95 % interval. A triad counts as right when all three of its "
                  "edges are.",
              .columns = {"model"}};
  for (const Figure& figure : figures) table.columns.emplace_back(figure.title);
  for (const auto& [head, metrics] : heads.items()) {
    table.rows.push_back(table_row(head_title(head), metrics, figures));
    table.marks.push_back(head_colour(head));
  }
  for (const Json& baseline : part(story, "baselines")) {
    table.rows.push_back(table_row(baseline.at("name").get<std::string>(), baseline, figures));
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

void add_calibration(HtmlReport& report, const Json& calibration) {
  if (!calibration.is_object() || calibration.empty()) return;
  std::vector<std::pair<std::string, Json>> evaluations;
  for (const auto& [head, bins] : calibration.items()) evaluations.emplace_back(head, Json{{"calibration", bins}});
  report.add_heading("Calibration");
  add_calibration_plot(report, evaluations);
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
    const std::vector<PairedDifference> differences = paired_differences(story);
    add_findings(report, differences);
    add_heads_table(report, story);
    add_differences_table(report, differences);
    add_anytime_curves(report, story);
    if (story.contains("blocks")) add_blocks(report, story["blocks"]);
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
