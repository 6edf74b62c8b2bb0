// SPDX-License-Identifier: Apache-2.0
// The flags by which every verb that reads preference data names and interprets its files.
#pragma once

#include <CLI/CLI.hpp>

#include "rondo/data/group_store.h"

namespace rondo::cli {

/// --rename and --max-bad, and the temporary folder from TMPDIR. The files themselves are the verb's own argument.
void add_data_flags(CLI::App& app, data::ReadOptions& options);

}  // namespace rondo::cli
