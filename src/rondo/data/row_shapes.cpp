// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/row_shapes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"
#include "rondo/data/shapes/shared/row_fields.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

constexpr const ShapeEntry* kShapes[] = {
#define SHAPE(name) &name##_entry,
#include "rondo/data/row_shapes.def"
#undef SHAPE
};

// Calls `visit` with each name of "rejected|reject".
template <class Visit>
void for_each_alternative(std::string_view alternatives, Visit visit) {
  while (true) {
    const size_t bar = alternatives.find('|');
    visit(alternatives.substr(0, bar));
    if (bar == std::string_view::npos) return;
    alternatives.remove_prefix(bar + 1);
  }
}

bool has_one_of(const json& row, std::string_view alternatives) {
  bool has = false;
  for_each_alternative(alternatives, [&](std::string_view name) { has = has || find_key(row, {name}) != nullptr; });
  return has;
}

// The first of the alternatives that stands in the row as null, "" where none does.
std::string null_one_of(const json& row, std::string_view alternatives) {
  std::string null;
  for_each_alternative(alternatives, [&](std::string_view name) {
    if (null.empty()) null = RowColumns(row).null_column(std::span(&name, 1));
  });
  return null;
}

std::vector<std::string_view> missing_keys(const ShapeEntry& shape, const json& row) {
  std::vector<std::string_view> missing;
  for (const std::string_view need : shape.needs) {
    if (!has_one_of(row, need)) missing.push_back(need);
  }
  return missing;
}

// What share of its keys is there; a null counts nearly as much.
double share_of_keys(const ShapeEntry& shape, const json& row) {
  constexpr double kNullShare = 0.9;
  double found = 0;
  for (const std::string_view need : shape.needs) {
    if (has_one_of(row, need)) {
      found += 1;
    } else if (!null_one_of(row, need).empty()) {
      found += kNullShare;
    }
  }
  return found / static_cast<double>(shape.needs.size());
}

// The shape of which the largest share of keys is there; among equals the first that asks for nothing else; null where
// no key of any is.
const ShapeEntry* nearest_shape(const json& row) {
  const ShapeEntry* best = nullptr;
  double best_share = 0;
  for (const ShapeEntry* shape : kShapes) {
    const double share = share_of_keys(*shape, row);
    const bool is_plainer = best != nullptr && share == best_share && best->matches != nullptr && !shape->matches;
    if (share > best_share || (is_plainer && share > 0)) {
      best_share = share;
      best = shape;
    }
  }
  return best;
}

// "perhaps `rename` choosen=chosen" where names are near and the row can be read so; "" elsewhere.
std::string rename_hint(const ShapeEntry& shape, const std::vector<std::string_view>& missing, const json& row) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : row.items()) keys.push_back(key);
  std::vector<std::string> renames;
  json renamed;
  for (const std::string_view need : missing) {
    const std::string wanted(need.substr(0, need.find('|')));
    const std::string near = nearest_name(wanted, keys);
    if (near.empty()) return "";
    if (renames.empty()) renamed = row;
    if (find_key(renamed, {near}) == nullptr) return "";
    renamed[wanted] = row[near];
    renamed.erase(near);
    renames.push_back(fmt::format("{}={}", near, wanted));
  }
  if (renames.empty()) return "";
  try {
    if (find_shape(renamed) != &shape) return "";
    (void)read_row(shape, renamed);
  } catch (const DataError&) {
    return "";
  }
  return fmt::format("perhaps `rename` {}", fmt::join(renames, ", "));
}

std::string shown_keys(const json& row) {
  constexpr size_t kShownKeys = 20;
  std::vector<std::string> keys;
  for (const auto& [key, value] : row.items()) keys.push_back(key);
  if (keys.size() > kShownKeys) {
    keys.resize(kShownKeys);
    keys.emplace_back("...");
  }
  return fmt::format("{}", fmt::join(keys, ", "));
}

// What to do where columns are missing: a rename that works for some shape, and that shape, or `nearest`.
struct Remedy {
  const ShapeEntry* shape;
  std::string hint;
};

Remedy remedy_for(const ShapeEntry& nearest, const json& row) {
  std::string hint = rename_hint(nearest, missing_keys(nearest, row), row);
  if (!hint.empty()) return {&nearest, hint};
  for (const ShapeEntry* shape : kShapes) {
    hint = rename_hint(*shape, missing_keys(*shape, row), row);
    if (!hint.empty()) return {shape, hint};
  }
  return {&nearest, "`rename` OLD=NEW names columns"};
}

std::string unknown_shape_message(const json& row) {
  const std::string fact = fmt::format("no known row shape: it has the keys {};", shown_keys(row));
  const ShapeEntry* const nearest = nearest_shape(row);
  if (nearest == nullptr) {
    return fmt::format(
        "{} no shape has any of them; `rondo list shapes` prints what each needs, and `rename` OLD=NEW "
        "names columns",
        fact);
  }
  const auto missing = missing_keys(*nearest, row);
  if (missing.empty()) {
    return fmt::format(
        "{} they are those of the shape {} ({}), but what they hold has another form; `rondo list shapes` "
        "prints them all",
        fact, nearest->name, nearest->summary);
  }
  std::vector<std::string> nulls;
  for (const std::string_view need : missing) {
    if (std::string null = null_one_of(row, need); !null.empty()) nulls.push_back(std::move(null));
  }
  if (nulls.size() == missing.size()) {
    return fmt::format("'{}' is null; a row of the shape {} ({}) needs a value there: give one, or leave the row out",
                       fmt::join(nulls, "' and '"), nearest->name, nearest->summary);
  }
  const Remedy remedy = remedy_for(*nearest, row);
  return fmt::format("{} the nearest shape is {} ({}), which also needs {}; {}", fact, remedy.shape->name,
                     remedy.shape->summary, fmt::join(missing_keys(*remedy.shape, row), ", "), remedy.hint);
}

// A column of the row wins over what the shape took for it.
void set_name(const RowColumns& row, std::string_view column, std::string& name) {
  const json* const value = row.find({column});
  if (value != nullptr && (value->is_string() || value->is_number())) name = text_of(*value, column);
}

}  // namespace

std::span<const ShapeEntry* const> all_shapes() { return kShapes; }

const ShapeEntry* find_shape(const json& row) {
  for (const ShapeEntry* shape : kShapes) {
    if (missing_keys(*shape, row).empty() && (shape->matches == nullptr || shape->matches(row))) return shape;
  }
  return nullptr;
}

const ShapeEntry& shape_of(const json& row) {
  const ShapeEntry* const shape = find_shape(row);
  if (shape == nullptr) throw DataError(unknown_shape_message(row));
  return *shape;
}

Group read_row(const ShapeEntry& shape, const json& row, std::vector<std::string>* unread) {
  const RowColumns columns(row);
  Group group;
  shape.read(columns, group);
  set_name(columns, "id", group.id);
  set_name(columns, "subset", group.subset);
  set_name(columns, "source", group.source);
  if (unread == nullptr) return group;
  unread->clear();
  for (const Column& column : columns.unread()) unread->push_back(column.name);
  return group;
}

std::string describe_group(const Group& group) {
  std::vector<std::string> texts;
  for (const Message& response : group.responses) texts.push_back(response.content);
  std::string line = fmt::format("{}", fmt::join(texts, "|"));
  for (const Comparison& c : group.comparisons) {
    line += fmt::format("; {}>{} p={}", c.i, c.j, c.p);
    if (c.tie != 0) line += fmt::format(" tie={}", c.tie);
    if (c.weight != 1) line += fmt::format(" weight={}", c.weight);
    if (c.margin != 0) line += fmt::format(" margin={}", c.margin);
  }
  return line;
}

}  // namespace rondo::data
