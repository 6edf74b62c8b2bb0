// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/config_file.h"

#include <nlohmann/json.hpp>

namespace rondo::cli {
namespace {

// Keys may be written in snake_case as in the config structs, or dashed as on the command line.
std::string dashed(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string plain(const nlohmann::json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

class TomlOrJson : public CLI::ConfigTOML {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    input >> std::ws;
    std::vector<CLI::ConfigItem> read = input.peek() == '{' ? from_json(input) : CLI::ConfigTOML::from_config(input);
    for (CLI::ConfigItem& item : read) item.name = dashed(item.name);
    return read;
  }

 private:
  static std::vector<CLI::ConfigItem> from_json(std::istream& input) {
    nlohmann::json root;
    try {
      root = nlohmann::json::parse(input);
    } catch (const nlohmann::json::exception& error) {
      throw CLI::FileError(std::string("the --config file is not JSON: ") + error.what());
    }
    std::vector<CLI::ConfigItem> found;
    for (const auto& [key, value] : root.items()) {
      CLI::ConfigItem item;
      item.name = key;
      if (value.is_array()) {
        for (const auto& element : value) item.inputs.push_back(plain(element));
      } else {
        item.inputs.push_back(plain(value));
      }
      found.push_back(std::move(item));
    }
    return found;
  }
};

}  // namespace

void add_config_flag(CLI::App& app) {
  app.set_config("--config", "", "read flags from a TOML or JSON file");
  app.config_formatter(std::make_shared<TomlOrJson>());
  // An unknown key is an error, like an unknown flag.
  app.allow_config_extras(CLI::config_extras_mode::error);
}

}  // namespace rondo::cli
