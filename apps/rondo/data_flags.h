// SPDX-License-Identifier: Apache-2.0
// The flags by which every verb that reads preference data names and interprets its files.
#pragma once

#include "rondo/data/group_store.h"

namespace CLI {
class App;
}

namespace rondo::cli {

/// Where data are spooled: TMPDIR, else /tmp.
std::string spool_folder();

/// --rename and --max-bad, and the temporary folder from TMPDIR. The files themselves are the verb's own argument.
void add_data_flags(CLI::App& app, data::ReadOptions& options);

}  // namespace rondo::cli
