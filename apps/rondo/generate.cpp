// SPDX-License-Identifier: Apache-2.0
// rondo generate: K responses of a policy to every prompt of a file, as rows that `rondo rank`, `rondo eval` and other
// pipelines read.
#include "rondo/runs/generate.h"

#include <fmt/format.h>

#include "apps/rondo/cli.h"
#include "apps/rondo/interrupt.h"

namespace rondo::cli {
namespace {

void run_generate(runs::GenerateConfig config, Session& session) {
  config.process = session.process;
  const runs::GenerateResult result = runs::generate(config, session.hooks(/*stops=*/true));
  if (result.interrupted) {
    session.log(LogLevel::kWarning, fmt::format("stopped after {} of {} prompts; the same command continues",
                                                result.finished, result.prompts));
    session.exit_code = kInterruptedExit;
    return;
  }
  session.log(
      LogLevel::kInfo,
      fmt::format("{} prompts, {} responses: {} prompt tokens computed once each, {} new tokens", result.prompts,
                  result.prompts * config.options.responses, result.cost.prompt_tokens, result.cost.new_tokens));
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<runs::GenerateConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_generate(*config, session); };
}

}  // namespace

constinit const VerbEntry generate_entry{
    .name = "generate",
    .summary = "sample responses of a policy",
    .setup = &setup,
};

}  // namespace rondo::cli
