// SPDX-License-Identifier: Apache-2.0
// The folder of a run that can be continued: OUT/run.json keeps the resolved flags and what the run began with.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "rondo/base/config.h"

namespace rondo::cli {

/// Makes the folder of a new run and writes run.json: nullopt. Of a run to be continued: what was recorded, after the
/// leftovers of its dead processes are gone. Throws ConfigError where a new run would cover another one.
std::optional<nlohmann::json> begin_run(const std::string& out, bool is_resumed, const nlohmann::json& run);

/// run.json of a run to be continued, its flags handed to `describe`. Throws ConfigError where there is none, DataError
/// where it cannot be read.
nlohmann::json read_run(const std::string& folder, const std::function<void(FieldVisitor&)>& describe);

}  // namespace rondo::cli
