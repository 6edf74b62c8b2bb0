// SPDX-License-Identifier: Apache-2.0
// rondo verify: score recorded texts again; print the largest difference and how many pairs keep their order.
#include "rondo/runs/verify.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/rondo/cli.h"
#include "rondo/base/error.h"

namespace rondo::cli {
namespace {

void run_verify(runs::VerifyConfig config, Session& session) {
  config.process = session.process;
  const runs::VerifyResult result = runs::verify(config, session.hooks());
  if (!config.record.empty()) return print_line(fmt::format("{} rows recorded in {}", result.rows, config.record));
  print_line(fmt::format("{} rows compared, largest difference {:.3g} (tolerance {:.3g}), {} of {} pairs ordered alike",
                         result.rows, result.largest, config.tolerance, result.ordered, result.pairs));
  if (result.is_within) return;
  throw ModelError(
      "scores differ from the record by more than the tolerance; " +
      (result.explanation.empty() ? "was the tokenizer, the template or a weight changed?" : result.explanation));
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<runs::VerifyConfig>();
  app.add_option("directory", config->directory, "model directory");
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_verify(*config, session); };
}

}  // namespace

constinit const VerbEntry verify_entry{
    .name = "verify",
    .summary = "score recorded texts again: the largest difference, and how many pairs keep their order",
    .setup = &setup,
};

}  // namespace rondo::cli
