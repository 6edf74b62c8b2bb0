// SPDX-License-Identifier: Apache-2.0
// The shapes in which preference data are found, as a table: which keys a row must have, and how such
// a row becomes a group.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/core/group.h"
#include "rondo/data/shapes/shared/row_columns.h"

namespace rondo::data {

/// A row as text, and what it becomes: "responses; i>j p tie weight margin; ..." (describe_group).
struct ShapeExample {
  const char* row;
  const char* expected;
};

struct ShapeEntry {
  const char* name;
  const char* summary;
  /// What the label of such a row means, in one line: which side it names, and what a tie is.
  const char* label;
  /// Keys that a row must have; "rejected|reject" means one of them.
  std::span<const std::string_view> needs;
  /// A further condition; null = none.
  bool (*matches)(const nlohmann::ordered_json& row);
  /// Fills prompt, responses and comparisons; id and subset where the shape has other names for them. What it does not
  /// ask for counts as unread. Throws DataError with the reason.
  void (*read)(const RowColumns& row, Group& group);
  std::span<const ShapeExample> examples;
  /// Such rows compare nothing, and `read` says so.
  bool is_refused = false;
  /// Such rows name items and hold no text.
  bool names_items = false;
};

[[nodiscard]] std::span<const ShapeEntry* const> all_shapes();

/// The shape of a row; null where it has none.
[[nodiscard]] const ShapeEntry* find_shape(const nlohmann::ordered_json& row);
/// The same. Throws DataError with the keys that the row has and the nearest shape.
[[nodiscard]] const ShapeEntry& shape_of(const nlohmann::ordered_json& row);

/// Reads a row of that shape: prompt, responses, comparisons, id, subset and source. `unread` receives the columns that
/// hold something and that nobody asked for.
[[nodiscard]] Group read_row(const ShapeEntry& shape, const nlohmann::ordered_json& row,
                             std::vector<std::string>* unread = nullptr);

/// "yes|no; 0>1 p=1": the responses and labels of a group on one line, for examples and tests.
[[nodiscard]] std::string describe_group(const Group& group);

#define SHAPE(name) extern const ShapeEntry name##_entry;
#include "rondo/data/row_shapes.def"
#undef SHAPE

}  // namespace rondo::data
