// SPDX-License-Identifier: Apache-2.0
// A row as its reader sees it: columns by name, and which of them were asked for, so that what nobody read can be
// named.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::data {

/// The value of the first of these keys that an object has; null counts as absent. nullptr where there is none.
[[nodiscard]] const nlohmann::ordered_json* find_key(const nlohmann::ordered_json& object,
                                                     std::initializer_list<std::string_view> names);

/// A name and what stands under it; `value` is null where there is nothing.
struct Column {
  std::string name;
  const nlohmann::ordered_json* value = nullptr;
};

/// The elements of a list as columns: "name[0]", "name[1]", ... The list must outlive them.
[[nodiscard]] std::vector<Column> element_columns(const nlohmann::ordered_json& list, std::string_view name);

/// What stands under a key of an element that is an object. Throws DataError, which says whether it is missing or null.
[[nodiscard]] const nlohmann::ordered_json& member_of(const Column& element, std::string_view key);

class RowColumns {
 public:
  /// The row must outlive this.
  explicit RowColumns(const nlohmann::ordered_json& row) : row_(row) {}

  /// The first of these columns that holds something; null counts as absent. It counts as read, the others do not.
  [[nodiscard]] Column column(std::span<const std::string_view> names) const;
  [[nodiscard]] Column column(std::initializer_list<std::string_view> names) const {
    return column(std::span(names.begin(), names.size()));
  }
  /// The value of column(); nullptr where there is none.
  [[nodiscard]] const nlohmann::ordered_json* find(std::initializer_list<std::string_view> names) const {
    return column(names).value;
  }
  /// The value of a column that must be there. Throws DataError, which says whether it is missing or null.
  [[nodiscard]] const nlohmann::ordered_json& at(std::string_view name) const;
  /// The first of these columns that is there and null; "" where there is none.
  [[nodiscard]] std::string null_column(std::span<const std::string_view> names) const;

  /// Columns that hold something and were never asked for, in the order of the row.
  [[nodiscard]] std::vector<Column> unread() const;

 private:
  const nlohmann::ordered_json& row_;
  // What was asked for is bookkeeping of reading, which changes nothing of the row.
  mutable std::vector<const nlohmann::ordered_json*> read_;
};

}  // namespace rondo::data
