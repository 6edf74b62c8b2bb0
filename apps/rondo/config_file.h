// SPDX-License-Identifier: Apache-2.0
// --config FILE: flags from a TOML or JSON file; flags on the command line win.
#pragma once

#include <CLI/CLI.hpp>

namespace rondo::cli {

void add_config_flag(CLI::App& app);

}  // namespace rondo::cli
