// SPDX-License-Identifier: Apache-2.0
// rondo align tabular: self-play on a known game, exactly.
#pragma once

#include <string>

#include "apps/rondo/cli.h"
#include "rondo/align/tabular/simulate.h"

namespace rondo::cli {

struct TabularArguments {
  std::string game;
  std::string json;
  std::string report;
  align::SimulateConfig simulate;
};

CLI::App* add_tabular(CLI::App& verb, TabularArguments& arguments);
void run_tabular(const TabularArguments& arguments, Session& session);

}  // namespace rondo::cli
