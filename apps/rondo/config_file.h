// SPDX-License-Identifier: Apache-2.0
// --config FILE: flags from a TOML or JSON file; flags on the command line win.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace rondo::cli {

/// Registers the flag, for --help; expand_config is what reads the file.
void add_config_flag(CLI::App& app);

/// Arguments (without the program's name) with --config FILE replaced by the flags that the file holds and the command
/// line does not. An unknown key becomes an unknown flag, which the parser answers. Throws ConfigError where the file
/// cannot be read.
std::vector<std::string> expand_config(const std::vector<std::string>& arguments);

}  // namespace rondo::cli
