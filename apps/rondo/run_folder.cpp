// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/run_folder.h"

#include <filesystem>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/config_json.h"
#include "rondo/io/json.h"

namespace rondo::cli {

namespace fs = std::filesystem;
using nlohmann::json;

std::optional<json> begin_run(const std::string& out, bool is_resumed, const json& run) {
  std::error_code error;
  fs::create_directories(out, error);
  if (error) throw ResourceError("cannot write the run: " + out + ": " + error.message() + "; choose another --out");
  const fs::path path = fs::path(out) / "run.json";
  if (is_resumed) {
    io::remove_leftovers(out);
    return io::read_json_file(path);
  }
  if (fs::exists(path))
    throw ConfigError("a run is there already: " + out + "; continue it with --resume, or choose another --out");
  io::write_file(path, run.dump(2) + "\n");
  return std::nullopt;
}

json read_run(const std::string& folder, const std::function<void(FieldVisitor&)>& describe) {
  const fs::path path = fs::path(folder) / "run.json";
  if (!fs::exists(path))
    throw ConfigError("nothing to resume: " + folder + " holds no run.json; give the --out of an earlier run");
  json run = io::read_json_file(path);
  try {
    io::ConfigLoader loader(run.at("config"));
    describe(loader);
  } catch (const json::exception& error) {
    throw DataError("cannot read the run: " + path.string() + ": " + error.what() +
                    "; was it written by another version?");
  }
  return run;
}

}  // namespace rondo::cli
