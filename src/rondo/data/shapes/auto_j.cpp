// SPDX-License-Identifier: Apache-2.0
// Pairwise test data of Auto-J (arXiv:2310.05470).
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

void read(const RowColumns& row, Group& group) {
  read_two_answers(row, "response 1", "response 2", group);
  Comparison comparison = comparison_of(row);
  const double label = number_of(row.at("label"), "label");
  if (label != 0 && label != 1 && label != 2) {
    throw DataError("'label' must be 0 (the first is better), 1 (the second is) or 2 (a tie)");
  }
  if (label == 1) comparison.p = 0;
  if (label == 2) set_tie(comparison);
  group.comparisons = {comparison};
  if (const json* const scenario = row.find({"scenario"})) group.subset = text_of(*scenario, "scenario");
}

constexpr std::string_view kNeeds[] = {"response 1", "response 2", "label"};

constexpr ShapeExample kExamples[] = {
    {R"({"scenario":"planning","label":1,"prompt":"q","response 1":"x","response 2":"y"})", "x|y; 0>1 p=0"},
    {R"({"scenario":"planning","label":2,"prompt":"q","response 1":"x","response 2":"y"})", "x|y; 0>1 p=0.5 tie=1"},
};

}  // namespace

constinit const ShapeEntry auto_j_entry{
    .name = "auto_j",
    .summary = "prompt, 'response 1', 'response 2' and label 0, 1 or 2 (Auto-J)",
    .label = "0: the first is better, 1: the second, 2: a tie; scenario is the subset",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
