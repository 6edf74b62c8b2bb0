// SPDX-License-Identifier: Apache-2.0
// rondo inspect: what a model directory is, and what of it will be ignored.
#include "rondo/model/inspect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/rondo/cli.h"

namespace rondo::cli {
namespace {

using nlohmann::ordered_json;

struct InspectConfig {
  std::string directory;
  std::string json;
  bool tensors = false;
};

std::string shown(const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>().empty() ? "-" : value.get<std::string>();
  if (value.is_null()) return "none";
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const ordered_json& item : value) parts.push_back(shown(item));
    return parts.empty() ? "-" : fmt::format("{}", fmt::join(parts, ", "));
  }
  if (!value.is_object()) return value.dump();
  std::vector<std::string> parts;
  for (const auto& [key, item] : value.items()) parts.push_back(key + " " + shown(item));
  return fmt::format("{}", fmt::join(parts, ", "));
}

void print_tensors(const model::Model& model) {
  for (const nn::Parameter& p : model.parameters().all())
    print_line(fmt::format("  {:<56} [{}]", p.name, fmt::join(p.value.sizes(), ", ")));
}

void run_inspect(const InspectConfig& config, Session& session) {
  require_field(config.directory, "directory");
  bool has_head = false;
  const model::Reader source = model::open_to_inspect(config.directory, session.process.base, has_head);
  const ordered_json j = model::inspect(source, has_head);
  if (config.json == "-") return print_line(j.dump(2));
  for (const auto& [key, value] : j.items()) {
    if (key != "contract") print_line(fmt::format("{:<20} {}", key, shown(value)));
  }
  print_line("contract");
  for (const auto& [key, value] : j["contract"].items()) {
    print_line(fmt::format("  {:<18} {}", key, key == "example" ? value.dump() : shown(value)));
  }
  if (config.tensors) print_tensors(source.model());
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<InspectConfig>();
  app.add_option("directory", config->directory, "model directory");
  app.add_option("--json", config->json, "- prints JSON instead of lines");
  app.add_flag("--tensors", config->tensors, "list the parameters with their shapes");
  return [config](Session& session) { run_inspect(*config, session); };
}

}  // namespace

constinit const VerbEntry inspect_entry{
    .name = "inspect",
    .summary = "print what a model directory is, and what will be ignored",
    .setup = &setup,
};

}  // namespace rondo::cli
