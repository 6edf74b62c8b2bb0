// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/align_tabular.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/rondo/open.h"
#include "rondo/io/atomic_file.h"
#include "rondo/report/plots.h"

namespace rondo::cli {
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

ordered_json to_json(const align::Game& game, const std::vector<Trace>& traces) {
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

void print_table(const report::Table& table) {
  print_line(table.caption);
  const auto print_row = [](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t k = 0; k < cells.size(); ++k)
      line += k == 0 ? fmt::format("  {:<26}", cells[k]) : fmt::format(" {:>20}", cells[k]);
    print_line(line);
  };
  print_row(table.columns);
  for (const auto& row : table.rows) print_row(row);
}

void write_report(const align::Game& game, const std::vector<Trace>& traces, const std::string& path) {
  report::HtmlReport page("Self-play on " + game.name);
  page.add_text(
      "A policy plays against itself on a known game. The duality gap is what its best response would win against it, "
      "on both "
      "sides: 0 only in equilibrium. Solid lines are the last iterate, dotted ones the average of all iterates so "
      "far.");
  for (const Payoff payoff : {Payoff::kLogOdds, Payoff::kProbability}) {
    std::vector<report::Line> lines;
    for (const Trace& trace : traces) {
      const std::string colour = report::series_colour(lines.size() / 2);
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
    page.add_heading(fmt::format("The {} game", payoff_title(payoff)));
    report::add_line_plot(page, "Distance from equilibrium; below 1e-6 drawn at 1e-6.", lines,
                          {.x = "iteration", .y = "duality gap", .is_log_y = true, .is_log_x = true});
    page.add_table(table_of(traces, payoff));
  }
  page.save(path);
}

}  // namespace

CLI::App* add_tabular(CLI::App& verb, TabularArguments& arguments) {
  CLI::App* const action =
      verb.add_subcommand("tabular", "self-play on a known game: exact updates, distance from equilibrium");
  action->fallthrough();
  action
      ->add_option("--game", arguments.game,
                   R"(JSON file: {"table": [[0, 1], [-1, 0]], "tau": 1} or {"probabilities": ...})")
      ->required();
  action->add_option("--json", arguments.json, "file for the gaps and the last and average policies");
  action->add_option("--report", arguments.report, "HTML file with tables and plots");
  FlagBinder binder(*action);
  describe(binder, arguments.simulate);
  return action;
}

void run_tabular(const TabularArguments& arguments, Session& session) {
  align::SimulateConfig config = arguments.simulate;
  config.seed = session.seed;
  use_threads(session);
  const align::Game game = align::read_game(arguments.game);
  const std::vector<Trace> traces = align::simulate(game, config);
  for (const Payoff payoff : {Payoff::kLogOdds, Payoff::kProbability}) print_table(table_of(traces, payoff));
  if (!arguments.json.empty()) io::write_file(arguments.json, to_json(game, traces).dump(2) + "\n");
  if (!arguments.report.empty()) write_report(game, traces, arguments.report);
}

}  // namespace rondo::cli
