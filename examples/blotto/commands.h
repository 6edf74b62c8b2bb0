// SPDX-License-Identifier: Apache-2.0
// The subcommands of `blotto`: each adds its flags to the program and runs when it is named.
#pragma once

#include <CLI/CLI.hpp>

namespace blotto {

void add_make(CLI::App& app);
void add_read(CLI::App& app);
void add_words(CLI::App& app);
void add_baseline(CLI::App& app);
void add_cycle(CLI::App& app);
void add_duel(CLI::App& app);
void add_collect(CLI::App& app);
void add_referee(CLI::App& app);
void add_answers(CLI::App& app);
void add_pool(CLI::App& app);
void add_exploit(CLI::App& app);
void add_equilibrium(CLI::App& app);
void add_collect_align(CLI::App& app);

}  // namespace blotto
