// SPDX-License-Identifier: Apache-2.0
// The folder of a run that can be continued: OUT/run.json keeps the version, the resolved config, what holds for every
// run (Process), and the hashes of what the run began with.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "rondo/base/config.h"
#include "rondo/runs/run.h"

namespace rondo::runs {

/// {"version", "config", "threads", "seed", "base", "inputs"}. `inputs`: name -> hash.
nlohmann::json run_manifest(const std::function<void(FieldVisitor&)>& describe, const Process& process,
                            nlohmann::json inputs);

/// Makes the folder of a new run and writes run.json. Of a run to be continued: removes the leftovers of its dead
/// processes. Throws ConfigError where a new run would cover another one, DataError where the inputs of a continued one
/// have changed.
void begin_run(const std::string& out, bool is_resumed, const nlohmann::json& run);

/// Fills `describe`'s fields and `process` from run.json. Throws ConfigError where there is none, DataError where it
/// cannot be read.
void read_run(const std::string& folder, const std::function<void(FieldVisitor&)>& describe, Process& process);

}  // namespace rondo::runs
