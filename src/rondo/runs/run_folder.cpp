// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/run_folder.h"

#include <fmt/format.h>

#include <filesystem>

#include "rondo/base/error.h"
#include "rondo/base/version.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/config_json.h"
#include "rondo/io/json.h"

namespace rondo::runs {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path manifest_path(const std::string& folder) { return fs::path(folder) / "run.json"; }

json read_manifest(const std::string& folder) {
  const fs::path path = manifest_path(folder);
  if (!fs::exists(path))
    throw ConfigError("nothing to resume: " + folder + " holds no run.json; give the folder of an earlier run");
  return io::read_json_file(path);
}

void check_inputs(const std::string& out, const json& was, const json& is) {
  for (const auto& [name, hash] : is.items()) {
    if (was.contains(name) && was[name] == hash) continue;
    throw DataError(fmt::format(
        "what the run began with has changed: {}: {}: was {}, is {}; restore it or start a new run",
        manifest_path(out).string(), name, was.contains(name) ? was[name].dump() : "not there", hash.dump()));
  }
}

}  // namespace

json run_manifest(const std::function<void(FieldVisitor&)>& describe, const Process& process, json inputs) {
  json run = {{"version", kVersion}, {"config", config_json(describe)}, {"inputs", std::move(inputs)}};
  Process copy = process;
  run.update(config_json([&copy](FieldVisitor& v) { runs::describe(v, copy); }));
  return run;
}

void begin_run(const std::string& out, bool is_resumed, const json& run) {
  std::error_code error;
  fs::create_directories(out, error);
  if (error) throw ResourceError("cannot write the run: " + out + ": " + error.message() + "; choose another `out`");
  if (is_resumed) {
    io::remove_leftovers(out);
    return check_inputs(out, read_manifest(out).value("inputs", json::object()), run.at("inputs"));
  }
  if (fs::exists(manifest_path(out)))
    throw ConfigError("a run is there already: " + out + "; continue it with `resume`, or choose another `out`");
  io::write_file(manifest_path(out), run.dump(2) + "\n");
}

void read_run(const std::string& folder, const std::function<void(FieldVisitor&)>& describe, Process& process) {
  const json run = read_manifest(folder);
  try {
    io::ConfigLoader config(run.at("config"));
    describe(config);
    io::ConfigLoader around(run);
    runs::describe(around, process);
  } catch (const json::exception& error) {
    throw DataError("cannot read the run: " + manifest_path(folder).string() + ": " + error.what() +
                    "; was it written by another version?");
  }
}

}  // namespace rondo::runs
