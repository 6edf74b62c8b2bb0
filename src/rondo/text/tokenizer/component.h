// SPDX-License-Identifier: Apache-2.0
// How components of tokenizer.json are looked up by their "type": one constant table per kind, one row per component.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rondo/base/nearest.h"
#include "rondo/text/tokenizer/json_fields.h"

namespace rondo::text {

/// Components hold components (Sequence); files nested deeper than this are refused.
inline constexpr int kMaxComponentDepth = 16;

template <typename Component>
struct ComponentRow {
  const char* type;
  std::unique_ptr<Component> (*make)(const Json& fields, int depth);
};

/// Builds the component that `fields` describes. Throws ModelError, with the known names, where the table lacks it.
template <typename Component>
std::unique_ptr<Component> make_component(const char* kind, std::span<const ComponentRow<Component>> rows,
                                          const Json& fields, int depth) {
  if (depth > kMaxComponentDepth) {
    throw ModelError(std::string("tokenizer is malformed: ") + kind + ": nested too deep; flatten its sequences");
  }
  const auto type = field<std::string>(fields, "type");
  std::vector<std::string> known;
  for (const auto& row : rows) {
    if (type == row.type) return row.make(fields, depth);
    known.emplace_back(row.type);
  }
  throw ModelError("tokenizer is not supported: " + unknown_name_message(kind, type, known));
}

/// The members of a Sequence.
template <typename Component>
std::vector<std::unique_ptr<Component>> make_members(const Json& fields, const char* list, int depth,
                                                     std::unique_ptr<Component> (*make)(const Json&, int)) {
  std::vector<std::unique_ptr<Component>> members;
  for (const Json& member : field<Json>(fields, list)) members.push_back(make(member, depth + 1));
  return members;
}

}  // namespace rondo::text
