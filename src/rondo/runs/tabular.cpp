// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/tabular.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rondo/report/plots.h"

namespace rondo::runs {
namespace {

using align::Payoff;
using align::Trace;
using align::TracePoint;
using nlohmann::ordered_json;

const char* payoff_title(Payoff payoff) { return payoff == Payoff::kLogOdds ? "log-odds" : "P - 1/2"; }

// Smaller gaps are drawn here: 1e-16 and 1e-6 are the same news, and the rest of the plot stays readable.
constexpr double kSmallestGap = 1e-6;

struct Gaps {
  double last;
  double average;
};

Gaps gaps_of(const TracePoint& point, Payoff payoff) {
  if (payoff == Payoff::kLogOdds) return {point.last_log_odds, point.average_log_odds};
  return {point.last_probability, point.average_probability};
}

std::string gap_text(double gap) { return fmt::format("{:.3g}", gap); }

std::string method_title(const Trace& trace) {
  return trace.magnet_weight > 0 ? fmt::format("{} (magnet {:g})", trace.method, trace.magnet_weight) : trace.method;
}

// The start, powers of ten from 10, the last iteration.
bool is_printed(int64_t iteration, int64_t last) {
  if (iteration == 0 || iteration == last) return true;
  if (iteration < 10) return false;
  while (iteration % 10 == 0) iteration /= 10;
  return iteration == 1;
}

report::Table table_of(const std::vector<Trace>& traces, Payoff payoff) {
  report::Table table{.caption = fmt::format("Duality gap in the {} game: last iterate / average of all iterates.",
                                             payoff_title(payoff)),
                      .columns = {"method"},
                      .rows = {},
                      .marks = {}};
  for (const Trace& trace : traces) {
    std::vector<std::string> row = {method_title(trace)};
    for (const TracePoint& point : trace.points) {
      if (!is_printed(point.iteration, trace.points.back().iteration)) continue;
      if (&trace == &traces.front()) table.columns.push_back(std::to_string(point.iteration));
      const Gaps gaps = gaps_of(point, payoff);
      row.push_back(gap_text(gaps.last) + " / " + gap_text(gaps.average));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

// The last iterate and the average of all of them, in one colour.
void add_lines(const Trace& trace, Payoff payoff, const std::string& colour, std::vector<report::Line>& lines) {
  report::Line last{.name = method_title(trace), .colour = colour};
  report::Line average{.name = "", .colour = colour, .is_dashed = true, .has_legend = false};
  for (const TracePoint& point : trace.points) {
    if (point.iteration == 0) continue;  // a logarithmic axis has no zero
    const Gaps gaps = gaps_of(point, payoff);
    for (report::Line* const line : {&last, &average}) line->x.push_back(static_cast<double>(point.iteration));
    last.y.push_back(std::max(gaps.last, kSmallestGap));
    average.y.push_back(std::max(gaps.average, kSmallestGap));
  }
  lines.push_back(std::move(last));
  lines.push_back(std::move(average));
}

std::vector<report::Line> gap_lines(const std::vector<Trace>& traces, Payoff payoff) {
  std::vector<report::Line> lines;
  for (size_t k = 0; k < traces.size(); ++k) add_lines(traces[k], payoff, report::series_colour(k), lines);
  return lines;
}

constexpr Payoff kGames[] = {Payoff::kLogOdds, Payoff::kProbability};

}  // namespace

TabularResult simulate_game(const std::string& game_file, const align::SimulateConfig& config) {
  TabularResult result{.game = align::read_game(game_file), .traces = {}};
  result.traces = align::simulate(result.game, config);
  return result;
}

std::vector<report::Table> gap_tables(const TabularResult& result) {
  std::vector<report::Table> tables;
  for (const Payoff payoff : kGames) tables.push_back(table_of(result.traces, payoff));
  return tables;
}

ordered_json to_json(const TabularResult& played) {
  const auto& [game, traces] = played;
  ordered_json result{{"game", game.name}, {"responses", game.responses}, {"methods", ordered_json::array()}};
  for (const Trace& trace : traces) {
    ordered_json row{{"method", trace.method},
                     {"payoff", trace.payoff == Payoff::kLogOdds ? "log_odds" : "probability"},
                     {"magnet_weight", trace.magnet_weight},
                     {"last", trace.last},
                     {"average", trace.average},
                     {"gaps", ordered_json::array()}};
    for (const TracePoint& p : trace.points) {
      row["gaps"].push_back({{"iteration", p.iteration},
                             {"last_log_odds", p.last_log_odds},
                             {"average_log_odds", p.average_log_odds},
                             {"last_probability", p.last_probability},
                             {"average_probability", p.average_probability}});
    }
    result["methods"].push_back(std::move(row));
  }
  return result;
}

void write_tabular_report(const TabularResult& result, const std::string& path) {
  const auto& [game, traces] = result;
  report::HtmlReport page("Self-play on " + game.name);
  page.add_text(
      "A policy plays against itself on a known game. The duality gap is what its best response would win against it, "
      "on both "
      "sides: 0 only in equilibrium. Solid lines are the last iterate, dotted ones the average of all iterates so "
      "far.");
  for (const Payoff payoff : kGames) {
    page.add_heading(fmt::format("The {} game", payoff_title(payoff)));
    report::add_line_plot(page, "Distance from equilibrium; below 1e-6 drawn at 1e-6.", gap_lines(traces, payoff),
                          {.x = "iteration", .y = "duality gap", .is_log_y = true, .is_log_x = true});
    page.add_table(table_of(traces, payoff));
  }
  page.save(path);
}

}  // namespace rondo::runs
