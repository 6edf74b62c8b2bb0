// SPDX-License-Identifier: Apache-2.0
// rondo import: a published checkpoint as a directory that says of itself what its authors' config does not.
#include "rondo/model/import.h"

#include <fmt/format.h>

#include "apps/rondo/cli.h"

namespace rondo::cli {
namespace {

void run_import(const model::ImportConfig& config, Session& session) {
  const model::ImportResult result = model::import_model(config, session.process.base);
  log_notes(result.notes, session.log);
  print_line(fmt::format("{}: head {}, text {}", config.out, result.head, result.text));
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<model::ImportConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_import(*config, session); };
}

}  // namespace

constinit const VerbEntry import_entry{
    .name = "import",
    .summary = "make a model directory of a published checkpoint, with what its config does not say",
    .setup = &setup,
};

}  // namespace rondo::cli
