// SPDX-License-Identifier: Apache-2.0
// Config structs (base/config.h) to JSON and back: the resolved config that checkpoints and reports keep.
#pragma once

#include <nlohmann/json.hpp>

#include "rondo/base/config.h"

namespace rondo::io {

/// Collects every field into an object.
class ConfigWriter : public FieldVisitor {
 public:
  const nlohmann::ordered_json& json() const { return json_; }
  void number(const char* name, double& value, const char*, double, double) override { json_[name] = value; }
  void integer(const char* name, int64_t& value, const char*, int64_t, int64_t) override { json_[name] = value; }
  void boolean(const char* name, bool& value, const char*) override { json_[name] = value; }
  void text(const char* name, std::string& value, const char*) override { json_[name] = value; }
  void choice(const char* name, std::string& value, const char*, const std::vector<std::string>&) override {
    json_[name] = value;
  }
  void texts(const char* name, std::vector<std::string>& values, const char*) override { json_[name] = values; }

 private:
  nlohmann::ordered_json json_ = nlohmann::ordered_json::object();
};

/// Fills fields from an object that ConfigWriter wrote; throws nlohmann exceptions on missing keys or other types.
class ConfigLoader : public FieldVisitor {
 public:
  explicit ConfigLoader(const nlohmann::json& json) : json_(json) {}
  void number(const char* name, double& value, const char*, double, double) override { value = json_.at(name); }
  void integer(const char* name, int64_t& value, const char*, int64_t, int64_t) override { value = json_.at(name); }
  void boolean(const char* name, bool& value, const char*) override { value = json_.at(name); }
  void text(const char* name, std::string& value, const char*) override { value = json_.at(name); }
  void choice(const char* name, std::string& value, const char*, const std::vector<std::string>&) override {
    value = json_.at(name);
  }
  void texts(const char* name, std::vector<std::string>& values, const char*) override {
    values = json_.at(name).get<std::vector<std::string>>();
  }

 private:
  const nlohmann::json& json_;
};

}  // namespace rondo::io
