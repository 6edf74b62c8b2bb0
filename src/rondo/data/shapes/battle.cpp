// SPDX-License-Identifier: Apache-2.0
// Item against item (arenas, games): a group without a prompt whose responses are the names of the items. All battles
// of a source merge into one group.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

bool holds_conversation(const json& value) {
  return value.is_array() && !value.empty() && value[0].is_object() && value[0].contains("role");
}

// Names stand for items only where no texts stand beside them.
void expect_no_conversations(const RowColumns& row) {
  for (const Column& column : row.unread()) {
    if (!holds_conversation(*column.value)) continue;
    throw DataError(
        fmt::format("'{}' holds a conversation, which rows of names leave unread; conversations are read from "
                    "'conversation_a' and 'conversation_b' together",
                    column.name));
  }
}

Message item_of(const RowColumns& row, std::initializer_list<std::string_view> names) {
  const Column column = row.column(names);
  return {.role = "assistant", .content = text_of(*column.value, column.name), .extra_json = {}};
}

void read(const RowColumns& row, Group& group) {
  expect_no_conversations(row);
  group.responses = {item_of(row, {"model_a", "left"}), item_of(row, {"model_b", "right"})};
  if (group.responses[0] == group.responses[1]) throw DataError("an item meets itself");
  Comparison comparison = comparison_of(row);
  set_verdict(text_of(row.at("winner"), "winner"), comparison);
  group.comparisons = {comparison};
}

constexpr std::string_view kNeeds[] = {"model_a|left", "model_b|right", "winner"};

constexpr ShapeExample kExamples[] = {
    {R"({"model_a":"x","model_b":"y","winner":"model_a"})", "x|y; 0>1 p=1"},
    {R"({"model_a":"x","model_b":"y","winner":"both_bad","weight":3})", "x|y; 0>1 p=0.5 tie=1 weight=3"},
    {R"({"left":"x","right":"y","winner":"right"})", "x|y; 0>1 p=0"},
};

}  // namespace

constinit const ShapeEntry battle_entry{
    .name = "battle",
    .summary = "model_a, model_b, winner, or left, right, winner: names of items, no texts",
    .label = "winner: the item that won; tie, both_bad and tie (bothbad) are ties",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
    .names_items = true,
};

}  // namespace rondo::data
