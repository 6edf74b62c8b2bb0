// SPDX-License-Identifier: Apache-2.0
// runs/ is what the verbs of the command line do, as functions: a config in, a result out, and hooks for what lies
// between. They open models and data, own run folders and part files, resume, and write manifests and reports; they
// print nothing and know no flags, so that other programs call them as well.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "rondo/base/config.h"
#include "rondo/base/log.h"

namespace rondo::runs {

/// What the caller offers to a run.
struct Hooks {
  LogSink log = silent_log();
  ProgressSink progress = silent_progress();
  /// Asked between batches and steps: true ends the run in a state that can be continued.
  std::function<bool()> should_stop = [] { return false; };
  /// Where data are spooled.
  std::string spool_folder = "/tmp";
};

/// What every run has, whatever it does. A resumed run has it from its beginning.
struct Process {
  int64_t threads = 0;  // 0 = all cores
  int64_t seed = 1;
  std::string base;  // where the base of an adapter lies; "" = as the adapter says
};
void describe(FieldVisitor& v, Process& c);

/// The field of every config that says where to compute (base/device.h).
void describe_device(FieldVisitor& v, std::string& device);

/// The field that says in which type the backbone's weights are computed with; heads are float32 always.
void describe_dtype(FieldVisitor& v, std::string& dtype);

/// Fields that bound a forward pass: its tokens, and whether bits may depend on the batch.
void describe_batches(FieldVisitor& v, int64_t& token_budget, bool& deterministic);

/// The fields that `describe` visits, as an object.
nlohmann::ordered_json config_json(const std::function<void(FieldVisitor&)>& describe);

}  // namespace rondo::runs
