// SPDX-License-Identifier: Apache-2.0
// LLMBar (arXiv:2310.07641): input, output_1, output_2 and the number of the better one.
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

void read(const RowColumns& row, Group& group) {
  read_two_answers(row, "output_1", "output_2", group);
  Comparison comparison = comparison_of(row);
  set_degree(number_of(row.at("label"), "label"), "label", comparison);
  group.comparisons = {comparison};
}

constexpr std::string_view kNeeds[] = {"input|prompt|instruction", "output_1", "output_2", "label"};

constexpr ShapeExample kExamples[] = {
    {R"({"input":"q","output_1":"x","output_2":"y","label":2})", "x|y; 0>1 p=0"},
    {R"({"input":"q","output_1":"x","output_2":"y","label":1.25})", "x|y; 0>1 p=0.75"},
};

}  // namespace

constinit const ShapeEntry llmbar_entry{
    .name = "llmbar",
    .summary = "input, output_1, output_2 and label 1 or 2 (LLMBar)",
    .label = "the number of the better output; between 1 and 2 the probability of the second, plus 1; 1.5 is a tie",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
