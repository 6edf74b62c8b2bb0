// SPDX-License-Identifier: Apache-2.0
#include "rondo/report/plots.h"

#include <array>
#include <string_view>

#include "rondo/heads/shared/head.h"

namespace rondo::report {
namespace {

using Json = nlohmann::json;

constexpr std::array<const char*, 7> kPalette{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                              "#E69F00", "#56B4E9", "#8c8c8c"};

// A head that was trained on more than the common data.
constexpr std::string_view kMixed = "_mixed";

Json axis(const std::string& title) { return {{"title", {{"text", title}}}}; }

}  // namespace

std::string series_colour(size_t k) { return kPalette[k % kPalette.size()]; }

void add_line_plot(HtmlReport& report, const std::string& caption, const std::vector<Line>& lines, const Axes& axes) {
  Json traces = Json::array();
  for (size_t k = 0; k < lines.size(); ++k) {
    const Line& line = lines[k];
    Json trace{{"type", "scatter"}, {"mode", "lines"}, {"name", line.name}, {"x", line.x}, {"y", line.y}};
    trace["showlegend"] = line.has_legend;
    trace["line"] = {{"color", line.colour.empty() ? series_colour(k) : line.colour}, {"width", 2.5}};
    if (line.is_dashed) trace["line"]["dash"] = "dot";
    if (line.has_markers) trace["mode"] = "lines+markers";
    traces.push_back(std::move(trace));
  }
  Json layout{{"xaxis", axis(axes.x)}, {"yaxis", axis(axes.y)}};
  if (axes.is_log_x) layout["xaxis"]["type"] = "log";
  if (axes.is_log_y) layout["yaxis"]["type"] = "log";
  report.add_plot(caption, traces, layout);
}

void add_calibration_plot(HtmlReport& report, const std::vector<std::pair<std::string, Json>>& judgements) {
  Json traces = Json::array();
  traces.push_back({{"type", "scatter"},
                    {"mode", "lines"},
                    {"name", "perfect"},
                    {"x", {0.5, 1}},
                    {"y", {0.5, 1}},
                    {"line", {{"dash", "dot"}, {"color", "#8c8c8c"}, {"width", 1.5}}}});
  size_t used = 0;
  for (const auto& [name, judgement] : judgements) {
    if (!judgement.contains("calibration")) continue;
    Json confidence = Json::array(), agreed = Json::array();
    for (const Json& bin : judgement["calibration"]) {
      confidence.push_back(bin.value("confidence", 0.0));
      agreed.push_back(bin.value("agreed", 0.0));
    }
    const std::string known = head_colour(name);
    traces.push_back({{"type", "scatter"},
                      {"mode", "lines+markers"},
                      {"name", head_title(name)},
                      {"x", confidence},
                      {"y", agreed},
                      {"line", {{"color", known.empty() ? kPalette[used % kPalette.size()] : known}, {"width", 2.5}}}});
    ++used;
  }
  if (used == 0) return;
  report.add_plot("Calibration: how often the preferred response wins, against how sure the model was.", traces,
                  {{"xaxis", axis("model's confidence")}, {"yaxis", axis("share that agrees")}});
}

std::string head_colour(const std::string& head) {
  if (head.ends_with(kMixed)) return "#CC79A7";
  const heads::HeadEntry* entry = heads::find_head(head);
  return entry == nullptr ? "" : std::string(entry->colour);
}

std::string head_title(const std::string& head) {
  const heads::HeadEntry* entry = heads::find_head(head);
  const std::string name = head_short_title(head);
  return entry == nullptr || entry->meaning.empty() ? name : name + " (" + std::string(entry->meaning) + ")";
}

std::string head_short_title(const std::string& head) {
  if (head.ends_with(kMixed)) return head_short_title(head.substr(0, head.size() - kMixed.size())) + " with more data";
  const heads::HeadEntry* entry = heads::find_head(head);
  return entry == nullptr || entry->title.empty() ? head : std::string(entry->title);
}

}  // namespace rondo::report
