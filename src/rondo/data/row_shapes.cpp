// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/row_shapes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"
#include "rondo/data/row_fields.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

constexpr const ShapeEntry* kShapes[] = {
#define SHAPE(name) &name##_entry,
#include "rondo/data/row_shapes.def"
#undef SHAPE
};

bool has_one_of(const json& row, std::string_view alternatives) {
  while (!alternatives.empty()) {
    const size_t bar = alternatives.find('|');
    if (find_key(row, {alternatives.substr(0, bar)}) != nullptr) return true;
    if (bar == std::string_view::npos) return false;
    alternatives.remove_prefix(bar + 1);
  }
  return false;
}

std::vector<std::string_view> missing_keys(const ShapeEntry& shape, const json& row) {
  std::vector<std::string_view> missing;
  for (const std::string_view need : shape.needs) {
    if (!has_one_of(row, need)) missing.push_back(need);
  }
  return missing;
}

// The shape of which the largest share of keys is there; among equals the first; null where no key of any is.
const ShapeEntry* nearest_shape(const json& row) {
  const ShapeEntry* best = nullptr;
  double best_share = 0;
  for (const ShapeEntry* shape : kShapes) {
    const auto needs = static_cast<double>(shape->needs.size());
    const double share = (needs - static_cast<double>(missing_keys(*shape, row).size())) / needs;
    if (share > best_share) {
      best_share = share;
      best = shape;
    }
  }
  return best;
}

// "chosen and rejected|reject", once per set of keys.
std::string known_keys() {
  std::vector<std::string> sets;
  for (const ShapeEntry* shape : kShapes) {
    const std::string keys = fmt::format("{}", fmt::join(shape->needs, " + "));
    if (std::find(sets.begin(), sets.end(), keys) == sets.end()) sets.push_back(keys);
  }
  return fmt::format("{}", fmt::join(sets, "; "));
}

std::string unknown_shape_message(const json& row) {
  constexpr size_t kShownKeys = 20;
  std::vector<std::string> keys;
  for (const auto& [key, value] : row.items()) keys.push_back(key);
  std::vector<std::string> shown = keys;
  if (shown.size() > kShownKeys) {
    shown.resize(kShownKeys);
    shown.emplace_back("...");
  }
  const std::string fact = fmt::format("no known row shape: it has the keys {};", fmt::join(shown, ", "));
  const ShapeEntry* const nearest = nearest_shape(row);
  if (nearest == nullptr) {
    return fmt::format("{} one of these sets is needed: {}; `rename` OLD=NEW names columns", fact, known_keys());
  }
  const auto missing = missing_keys(*nearest, row);
  std::string rename = "`rename` OLD=NEW names columns";
  for (const std::string_view need : missing) {
    const std::string wanted(need.substr(0, need.find('|')));
    const std::string near = nearest_name(wanted, keys);
    if (!near.empty()) rename = fmt::format("perhaps `rename` {}={}", near, wanted);
  }
  return fmt::format("{} the nearest shape is {} ({}), which also needs {}; {}", fact, nearest->name, nearest->summary,
                     fmt::join(missing, ", "), rename);
}

std::string label_of(const json& row, std::string_view name) {
  const json* const value = find_key(row, {name});
  return value != nullptr && (value->is_string() || value->is_number()) ? text_of(*value, name) : "";
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

Group read_row(const ShapeEntry& shape, const json& row) {
  Group group;
  shape.read(row, group);
  group.id = label_of(row, "id");
  group.subset = label_of(row, "subset");
  group.source = label_of(row, "source");
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
