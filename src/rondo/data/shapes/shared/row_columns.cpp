// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/shapes/shared/row_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "rondo/base/error.h"

namespace rondo::data {

using json = nlohmann::ordered_json;

const json* find_key(const json& object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto at = object.find(name);
    if (at != object.end() && !at->is_null()) return &*at;
  }
  return nullptr;
}

std::vector<Column> element_columns(const json& list, std::string_view name) {
  std::vector<Column> columns;
  for (const json& element : list) {
    columns.push_back({.name = fmt::format("{}[{}]", name, columns.size()), .value = &element});
  }
  return columns;
}

const json& member_of(const Column& element, std::string_view key) {
  if (const json* const value = find_key(*element.value, {key})) return *value;
  throw DataError(
      fmt::format("'{}' of {} is {}", key, element.name, element.value->contains(key) ? "null" : "missing"));
}

Column RowColumns::column(std::span<const std::string_view> names) const {
  for (const std::string_view name : names) {
    if (const json* const value = find_key(row_, {name})) {
      read_.push_back(value);
      return {.name = std::string(name), .value = value};
    }
  }
  return {};
}

const json& RowColumns::at(std::string_view name) const {
  if (const json* const value = find({name})) return *value;
  throw DataError(fmt::format("'{}' is {}", name, row_.contains(name) ? "null" : "missing"));
}

std::string RowColumns::null_column(std::span<const std::string_view> names) const {
  for (const std::string_view name : names) {
    const auto at = row_.find(name);
    if (at != row_.end() && at->is_null()) return std::string(name);
  }
  return "";
}

std::vector<Column> RowColumns::unread() const {
  std::vector<Column> columns;
  for (const auto& [key, value] : row_.items()) {
    const bool is_read = std::find(read_.begin(), read_.end(), &value) != read_.end();
    if (!value.is_null() && !is_read) columns.push_back({.name = key, .value = &value});
  }
  return columns;
}

}  // namespace rondo::data
