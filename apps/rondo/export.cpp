// SPDX-License-Identifier: Apache-2.0
// rondo export: a model as a directory for other programs.
#include <fmt/format.h>

#include "apps/rondo/cli.h"
#include "rondo/model/export_directory.h"

namespace rondo::cli {
namespace {

void run_export(const model::ExportConfig& config, Session& session) {
  const model::ExportResult result = model::export_model(config, session.process.base);
  log_notes(result.notes, session.log);
  print_line(fmt::format("{}: {}{}, {} parameters, {}", config.out,
                         result.for_transformers ? "for transformers" : "published names",
                         result.is_adapter ? ", an adapter for PEFT" : "", result.parameters, result.text));
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<model::ExportConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_export(*config, session); };
}

}  // namespace

constinit const VerbEntry export_entry{
    .name = "export",
    .summary = "write a model for other programs: transformers' own classes, or published tensor names",
    .setup = &setup,
};

}  // namespace rondo::cli
