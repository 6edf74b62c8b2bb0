// SPDX-License-Identifier: Apache-2.0
// Item against item (arenas, games): a group without a prompt whose responses are the items. All battles of a source
// merge into one group.
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_fields.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

void read(const nlohmann::ordered_json& row, Group& group) {
  group.responses = {response_of(*find_key(row, {"model_a", "left"}), "model_a"),
                     response_of(*find_key(row, {"model_b", "right"}), "model_b")};
  if (group.responses[0] == group.responses[1]) throw DataError("an item meets itself");
  Comparison comparison = comparison_of(row);
  set_verdict(text_of(row["winner"], "winner"), comparison);
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
    .summary = "model_a, model_b, winner, or left, right, winner",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
