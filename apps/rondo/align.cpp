// SPDX-License-Identifier: Apache-2.0
// rondo align: policies against preference models, and on known games.
#include <CLI/CLI.hpp>

#include "apps/rondo/align_policy.h"
#include "apps/rondo/align_tabular.h"
#include "apps/rondo/cli.h"

namespace rondo::cli {
namespace {

Runner setup(CLI::App& app) {
  auto policy = std::make_shared<AlignFlags>();
  auto tabular = std::make_shared<TabularArguments>();
  app.require_subcommand(0, 1);
  add_align_flags(app, *policy);
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
