// SPDX-License-Identifier: Apache-2.0
// rondo score: what a judge says of the responses of every row, beside the row or in the files of published pipelines.
#include "rondo/runs/score.h"

#include <fmt/format.h>

#include "apps/rondo/cli.h"
#include "apps/rondo/interrupt.h"
#include "rondo/align/formats/shared/format.h"

namespace rondo::cli {
namespace {

void say(const runs::ScoreResult& result, const runs::ScoreConfig& config, const Session& session) {
  if (result.bad_rows + result.dropped_rows > 0) {
    session.log(LogLevel::kWarning, fmt::format("left out: {} bad rows, {} rows over the length limit", result.bad_rows,
                                                result.dropped_rows));
  }
  if (result.even > 0) {
    const bool is_pairs = align::formats::format_by_name(config.format).is_pairs;
    session.log(LogLevel::kWarning,
                fmt::format("{} of {} rows prefer nothing: they have one response, or the judge cannot tell theirs "
                            "apart{}",
                            result.even, result.rows, is_pairs ? "; they are left out of the pairs" : ""));
  }
  session.log(LogLevel::kInfo, fmt::format("{} rows, {} responses judged with {} and {} tokens", result.rows,
                                           result.responses, model::queries_text(result.cost), result.cost.tokens));
}

void run_score(runs::ScoreConfig config, Session& session) {
  config.process = session.process;
  const runs::ScoreResult result = runs::score(config, session.hooks(/*stops=*/true));
  if (!result.interrupted) return say(result, config, session);
  session.log(LogLevel::kWarning, fmt::format("stopped after {} rows; the same command continues", result.rows));
  session.exit_code = kInterruptedExit;
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<runs::ScoreConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_score(*config, session); };
}

}  // namespace

constinit const VerbEntry score_entry{
    .name = "score",
    .summary = "judge the responses of every row, for policies to learn from",
    .setup = &setup,
};

}  // namespace rondo::cli
