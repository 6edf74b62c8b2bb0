// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/config_file.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"

namespace rondo::cli {
namespace {

constexpr const char* kConfigFlag = "--config";

// Keys may be written in snake_case as in the config structs, or dashed as on the command line.
std::string flag_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

std::string plain(const nlohmann::json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::vector<CLI::ConfigItem> json_items(std::istream& input, const std::string& path) {
  std::vector<CLI::ConfigItem> items;
  try {
    const nlohmann::json root = nlohmann::json::parse(input);
    for (const auto& [key, value] : root.items()) {
      CLI::ConfigItem item;
      item.name = key;
      for (const auto& element : value.is_array() ? value : nlohmann::json::array({value}))
        item.inputs.push_back(plain(element));
      items.push_back(std::move(item));
    }
  } catch (const nlohmann::json::exception& error) {
    throw ConfigError("cannot read the config file: " + path + ": " + error.what());
  }
  return items;
}

std::vector<CLI::ConfigItem> read_items(const std::string& path) {
  std::ifstream input(path);
  if (!input) throw ConfigError("cannot read the config file: " + path + ": it cannot be opened; is the path right?");
  input >> std::ws;
  if (input.peek() == '{') return json_items(input, path);
  try {
    return CLI::ConfigTOML().from_config(input);
  } catch (const CLI::Error& error) {
    throw ConfigError("cannot read the config file: " + path + ": " + error.what());
  }
}

bool is_given(const std::vector<std::string>& arguments, const std::string& flag) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& a) {
    return a == flag || a.starts_with(flag + "=") || a == "--no-" + flag.substr(2);
  });
}

void add_item(const CLI::ConfigItem& item, const std::string& flag, std::vector<std::string>& arguments) {
  if (item.inputs.size() == 1 && (item.inputs.front() == "true" || item.inputs.front() == "false")) {
    arguments.push_back(item.inputs.front() == "true" ? flag : "--no-" + flag.substr(2));
    return;
  }
  // --flag=value, so that a negative number or an empty text is not taken for the next flag.
  for (const std::string& input : item.inputs) arguments.push_back(flag + "=" + input);
}

}  // namespace

void add_config_flag(CLI::App& app) {
  app.add_option_function<std::string>(
      kConfigFlag, [](const std::string&) {}, "read flags from a TOML or JSON file; the command line wins");
}

std::vector<std::string> expand_config(const std::vector<std::string>& arguments) {
  std::vector<std::string> expanded = arguments;
  for (size_t k = 0; k < arguments.size(); ++k) {
    const bool joined = arguments[k].starts_with(std::string(kConfigFlag) + "=");
    if (!joined && (arguments[k] != kConfigFlag || k + 1 == arguments.size())) continue;
    const std::string path = joined ? arguments[k].substr(std::string(kConfigFlag).size() + 1) : arguments[k + 1];
    for (const CLI::ConfigItem& item : read_items(path)) {
      const std::string flag = flag_of(item.name);
      if (!is_given(arguments, flag)) add_item(item, flag, expanded);
    }
  }
  return expanded;
}

}  // namespace rondo::cli
