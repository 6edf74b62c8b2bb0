// SPDX-License-Identifier: Apache-2.0
// Reads config.json with checked types and ranges, and remembers which keys were asked for, so that `rondo inspect` can
// list what is ignored.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace rondo::backbones {

class ConfigReader {
 public:
  /// The config must outlive the reader. `place` names it in messages. Throws ModelError where it is not an object.
  ConfigReader(const nlohmann::json& config, std::string place);

  int64_t integer(const std::string& key, int64_t low, int64_t high);
  int64_t integer_or(const std::string& key, int64_t fallback, int64_t low, int64_t high);
  double number(const std::string& key, double low, double high);
  double number_or(const std::string& key, double fallback, double low, double high);
  bool boolean_or(const std::string& key, bool fallback);
  std::string text(const std::string& key);
  /// A list of texts, or one text with "|" between its parts; nullopt where it is missing or null.
  std::optional<std::vector<std::string>> texts(const std::string& key);
  /// The key is there and null, which some keys use for "none" where a missing one means a default.
  bool is_null(const std::string& key);
  std::string text_or(const std::string& key, const std::string& fallback);
  /// A nested object, nullopt where it is missing or null. Its keys count as used through the returned reader.
  std::optional<ConfigReader> object(const std::string& key);
  /// Throws ModelError unless the key is missing, null or equal to `only`: a value we do not implement must not pass.
  void require_text(const std::string& key, const std::string& only);
  void require_false(const std::string& key);
  /// Says that the family's class of transformers does not look at the key, which others do: whatever its value is, it
  /// is listed as unused and is no fault.
  void ignore(const std::string& key);

  /// Throws ModelError where a key that changes the maths of some published family was set and nobody asked for it.
  void refuse_unread_maths() const;
  /// Keys that nobody asked for, in file order.
  std::vector<std::string> unused() const;
  /// Of this reader and those made of it, keys that were ignored and are set.
  const std::set<std::string>& ignored() const { return *ignored_; }
  [[noreturn]] void fail(const std::string& key, const std::string& fact) const;

 private:
  const nlohmann::json* find(const std::string& key);

  const nlohmann::json* config_;
  std::string place_;
  std::shared_ptr<std::set<std::string>> used_ = std::make_shared<std::set<std::string>>();
  std::shared_ptr<std::set<std::string>> ignored_ = std::make_shared<std::set<std::string>>();  // of nested ones too
};

}  // namespace rondo::backbones
