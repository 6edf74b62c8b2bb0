// SPDX-License-Identifier: Apache-2.0
// rondo align: policies against preference models.
#include "apps/rondo/align_tabular.h"
#include "apps/rondo/cli.h"

namespace rondo::cli {
namespace {

Runner setup(CLI::App& app) {
  auto tabular = std::make_shared<TabularArguments>();
  app.require_subcommand(1);
  add_tabular(app, *tabular);
  return [tabular](Session& session) { run_tabular(*tabular, session); };
}

}  // namespace

constinit const VerbEntry align_entry{
    .name = "align",
    .summary = "self-play of policies on known games",
    .setup = &setup,
};

}  // namespace rondo::cli
