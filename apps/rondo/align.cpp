// SPDX-License-Identifier: Apache-2.0
// rondo align: policies against preference models, and on known games.
#include "rondo/runs/align.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/rondo/cli.h"
#include "apps/rondo/interrupt.h"
#include "rondo/base/device.h"
#include "rondo/io/atomic_file.h"
#include "rondo/runs/tabular.h"

namespace rondo::cli {
namespace {

struct AlignFlags {
  runs::AlignConfig config;
  std::string resume;
  bool dry_run = false;
  std::string dump_ids;
};

struct TabularFlags {
  align::SimulateConfig simulate;
  std::string game;
  std::string json;
  std::string report;
};

void run_align(const AlignFlags& flags, Session& session) {
  runs::AlignConfig config = flags.config;
  config.process = session.process;
  if (!flags.resume.empty()) {
    config = runs::resumed_alignment(flags.resume);
    keep_process(session, config.process);
  }
  config.dump_ids = flags.dump_ids;
  if (flags.dry_run) return print_line(runs::plan_alignment(config, session.hooks()).dump(2));
  const runs::AlignResult result = runs::align(config, session.hooks(/*stops=*/true));
  const std::string& out = config.align.out;
  if (result.interrupted) {
    session.log(LogLevel::kWarning, fmt::format("stopped; continue with `rondo align --resume {}`", out));
    session.exit_code = kInterruptedExit;
    return;
  }
  for (const std::string& warning : result.warnings) session.log(LogLevel::kWarning, warning);
  session.log(LogLevel::kInfo, result.loop ? fmt::format("{} steps in {:.1f} s; policy in {}", result.loop->state.step,
                                                         result.loop->state.seconds, out)
                                           : fmt::format("{} iterations; policy in {}, report in {}/report.html",
                                                         result.iterations, out, out));
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

void run_tabular(const TabularFlags& flags, Session& session) {
  align::SimulateConfig config = flags.simulate;
  config.seed = session.process.seed;
  use_threads(session.process.threads);
  const runs::TabularResult result = runs::simulate_game(flags.game, config);
  for (const report::Table& table : runs::gap_tables(result)) print_table(table);
  if (!flags.json.empty()) io::write_file(flags.json, runs::to_json(result).dump(2) + "\n");
  if (!flags.report.empty()) runs::write_tabular_report(result, flags.report);
}

CLI::App* add_tabular(CLI::App& verb, TabularFlags& flags) {
  CLI::App* const action =
      verb.add_subcommand("tabular", "self-play on a known game: exact updates, distance from equilibrium");
  action->fallthrough();
  action
      ->add_option("--game", flags.game,
                   R"(JSON file: {"table": [[0, 1], [-1, 0]], "tau": 1} or {"probabilities": ...})")
      ->required();
  action->add_option("--json", flags.json, "file for the gaps and the last and average policies");
  action->add_option("--report", flags.report, "HTML file with tables and plots");
  FlagBinder binder(*action);
  describe(binder, flags.simulate);
  return action;
}

Runner setup(CLI::App& app) {
  auto policy = std::make_shared<AlignFlags>();
  auto tabular = std::make_shared<TabularFlags>();
  app.require_subcommand(0, 1);
  FlagBinder binder(app);
  describe(binder, policy->config);
  app.add_option("--resume", policy->resume, "continue the run in this folder; other flags come from its run.json");
  CLI::Option* const dry_run = app.add_flag("--dry-run", policy->dry_run, "print the resolved config, train nothing");
  app.add_option("--dump-ids", policy->dump_ids, "with --dry-run: JSONL file for the token ids of every row or prompt")
      ->needs(dry_run);
  CLI::App* const game = add_tabular(app, *tabular);
  return [policy, tabular, game](Session& session) {
    if (game->parsed()) {
      run_tabular(*tabular, session);
    } else {
      run_align(*policy, session);
    }
  };
}

}  // namespace

constinit const VerbEntry align_entry{
    .name = "align",
    .summary = "improve a policy against a preference model",
    .setup = &setup,
};

}  // namespace rondo::cli
