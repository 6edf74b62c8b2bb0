// SPDX-License-Identifier: Apache-2.0
#include "rondo/report/training_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rondo/report/html_report.h"
#include "rondo/report/plots.h"

namespace rondo::report {
namespace {

using Json = nlohmann::json;

struct Series {
  const char* place;  // JSON pointer into a row
  const char* name;
};

struct Panel {
  const char* caption;
  const char* y;
  std::vector<Series> series;
};

std::vector<Panel> panels() {
  return {
      {"Loss per comparison.", "loss", {{"/loss", "training"}, {"/eval/log_loss", "held out"}}},
      {"Share of comparisons with the right sign.",
       "accuracy",
       {{"/accuracy", "training"}, {"/eval/accuracy", "held out"}}},
      {"Learning rate.", "learning rate", {{"/lr", "learning rate"}}},
      {"Gradient norm before clipping.", "norm", {{"/grad_norm", "gradient norm"}}},
  };
}

Line line_of(const std::vector<Json>& rows, const Series& series) {
  const Json::json_pointer place(series.place);
  Line line{.name = series.name};
  for (const Json& row : rows) {
    if (!row.is_object() || !row.contains("step") || !row.contains(place)) continue;
    if (!row["step"].is_number() || !row[place].is_number()) continue;
    line.x.push_back(row["step"].get<double>());
    line.y.push_back(row[place].get<double>());
  }
  return line;
}

void add_curves(HtmlReport& report, const std::vector<Json>& rows) {
  for (const Panel& panel : panels()) {
    std::vector<Line> lines;
    for (const Series& series : panel.series) {
      Line line = line_of(rows, series);
      if (!line.x.empty()) lines.push_back(std::move(line));
    }
    if (!lines.empty()) add_line_plot(report, panel.caption, lines, {.x = "step", .y = panel.y});
  }
}

// One model's object, or the list of several.
std::vector<std::pair<std::string, Json>> models_of(const Json& held_out) {
  std::vector<std::pair<std::string, Json>> models;
  if (held_out.is_object() && held_out.contains("models")) {
    for (const Json& model : held_out["models"]) {
      models.emplace_back(model.value("name", model.value("model", "model " + std::to_string(models.size() + 1))),
                          model);
    }
  } else if (held_out.is_object() && held_out.contains("accuracy")) {
    models.emplace_back(held_out.value("name", "this model"), held_out);
  }
  return models;
}

void add_held_out(HtmlReport& report, const Json& held_out) {
  const auto models = models_of(held_out);
  if (models.empty()) return;
  report.add_heading("On held-out data");
  Table table{.caption = "In brackets the 95 % bootstrap interval. The last rows are rules without a model.",
              .columns = {"model", "accuracy", "log-loss", "Brier", "ECE", "cyclic triads right"}};
  for (const auto& [name, model] : models) {
    table.rows.push_back({name, with_interval(model, "accuracy"), with_interval(model, "log_loss"),
                          with_interval(model, "brier"), with_interval(model, "ece"),
                          with_interval(model, "cyclic_triads_right")});
  }
  const Json baselines = models.front().second.value("baselines", Json::object());
  for (const auto& [name, accuracy] : baselines.items()) {
    table.rows.push_back({"always the " + name, with_interval(accuracy, {}, {}), "", "", "", ""});
    if (name == "random") table.rows.back()[0] = "a coin";
  }
  report.add_table(table);
  add_calibration_plot(report, models);
}

void add_split(HtmlReport& report, const Json& held_out) {
  for (const auto& [name, model] : models_of(held_out)) {
    if (!model.contains("transitive_share") || !model["transitive_share"].is_number()) continue;
    const double share = model["transitive_share"].get<double>();
    report.add_heading("What an order explains");
    report.add_text(
        fmt::format("{}: {:.0f} % of the scores' variance is a difference of two rewards (an order explains it), "
                    "{:.0f} % is cyclic.",
                    name, 100 * share, 100 * (1 - share)));
  }
}

}  // namespace

void write_training_report(const TrainingReportInput& input, const std::filesystem::path& path) {
  HtmlReport report(input.title);
  add_held_out(report, input.held_out);
  add_split(report, input.held_out);
  report.add_heading("Training");
  if (input.rows.empty()) report.add_text("No steps were logged.");
  add_curves(report, input.rows);
  if (input.manifest.is_object() && !input.manifest.empty()) {
    report.add_heading("How this was made");
    std::vector<std::pair<std::string, std::string>> facts;
    for (const auto& [key, value] : input.manifest.items()) {
      facts.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
    }
    report.add_facts(facts);
  }
  report.save(path);
}

}  // namespace rondo::report
