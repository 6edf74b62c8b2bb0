// SPDX-License-Identifier: Apache-2.0
// annotations.json of AlpacaEval: two outputs and how far the annotator prefers the second. 0 is its older way to write
// a draw.
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
  const double preference = number_of(row.at("preference"), "preference");
  if (preference == 0) {
    set_tie(comparison);
  } else {
    set_degree(preference, "preference", comparison);
  }
  group.comparisons = {comparison};
}

constexpr std::string_view kNeeds[] = {"instruction|prompt|input", "output_1", "output_2", "preference"};

constexpr ShapeExample kExamples[] = {
    {R"({"instruction":"q","output_1":"x","generator_1":"a","output_2":"y","generator_2":"b","annotator":"j","preference":1.75})",
     "x|y; 0>1 p=0.25"},
    {R"({"instruction":"q","output_1":"x","output_2":"y","preference":1.5})", "x|y; 0>1 p=0.5 tie=1"},
    {R"({"instruction":"q","output_1":"x","output_2":"y","preference":1})", "x|y; 0>1 p=1"},
};

}  // namespace

constinit const ShapeEntry alpaca_eval_entry{
    .name = "alpaca_eval",
    .summary = "instruction, output_1, output_2 and preference from 1 to 2 (AlpacaEval annotations)",
    .label = "1: output_1 is better, 2: output_2; between them 1 plus the probability of output_2; 1.5 and 0 are a tie",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
