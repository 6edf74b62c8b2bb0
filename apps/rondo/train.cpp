// SPDX-License-Identifier: Apache-2.0
// rondo train: comparisons in, a preference model out.
#include "rondo/runs/train.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/rondo/cli.h"
#include "apps/rondo/interrupt.h"

namespace rondo::cli {
namespace {

struct TrainFlags {
  runs::TrainConfig config;
  std::string resume;
  bool dry_run = false;
  std::string dump_ids;
  bool no_report = false;
};

void print_plan(const runs::TrainPlan& plan) {
  constexpr double kMegabyte = 1 << 20;
  print_line(plan.manifest.dump(2));
  print_line(fmt::format("parameters   {}, {} trained  ({:.1f} MB with gradients and two moments)", plan.parameters,
                         plan.trained_parameters, static_cast<double>(plan.bytes) / kMegabyte));
  print_line(fmt::format("data         {} groups, {} responses, {} tokens unshared, longest {}", plan.tokens.groups,
                         plan.tokens.responses, plan.tokens.tokens, plan.tokens.longest));
  print_line(fmt::format("plan         {} steps of {} groups, at most {} responses each, micro-batches of {} tokens",
                         plan.loop.steps, plan.loop.sampler.batch_groups, plan.loop.sampler.group_size,
                         plan.loop.token_budget));
}

void say(const train::LoopResult& result, const runs::TrainConfig& config, const Session& session) {
  const std::string& out = config.train.out;
  const train::RunState& state = result.state;
  if (result.interrupted) {
    session.log(LogLevel::kWarning,
                fmt::format("stopped at step {}; continue with `rondo train --resume {}`", state.step, out));
    return;
  }
  const std::string best =
      config.train.loop.keep_best && state.best_step >= 0 ? fmt::format(", best at step {}", state.best_step) : "";
  session.log(LogLevel::kInfo, fmt::format("{} steps in {:.1f} s{}{}; model in {}", state.step, state.seconds,
                                           result.stopped_early ? " (stopped early)" : "", best, out));
  if (state.skipped_updates > 0) {
    session.log(LogLevel::kWarning,
                fmt::format("{} updates skipped because their gradient was not finite", state.skipped_updates));
  }
}

void run_train(const TrainFlags& flags, Session& session) {
  runs::TrainConfig config = flags.config;
  config.process = session.process;
  if (!flags.resume.empty()) {
    config = runs::resumed_training(flags.resume);
    keep_process(session, config.process);
  }
  config.writes_report = !flags.no_report;
  config.dump_ids = flags.dump_ids;
  if (flags.dry_run) return print_plan(runs::plan_training(config, session.hooks()));
  const train::LoopResult result = runs::train(config, session.hooks(/*stops=*/true));
  say(result, config, session);
  if (result.interrupted) session.exit_code = kInterruptedExit;
}

Runner setup(CLI::App& app) {
  auto flags = std::make_shared<TrainFlags>();
  FlagBinder binder(app);
  describe(binder, flags->config);
  app.add_option("--resume", flags->resume, "continue the run in this folder; other flags come from its run.json");
  CLI::Option* const dry_run =
      app.add_flag("--dry-run", flags->dry_run, "print the resolved config and the plan, train nothing");
  app.add_option("--dump-ids", flags->dump_ids, "with --dry-run: JSONL file for the token ids of every row")
      ->needs(dry_run);
  app.add_flag("--no-report", flags->no_report, "write no report.html");
  return [flags](Session& session) { run_train(*flags, session); };
}

}  // namespace

constinit const VerbEntry train_entry{
    .name = "train",
    .summary = "train a preference model on comparisons",
    .setup = &setup,
};

}  // namespace rondo::cli
