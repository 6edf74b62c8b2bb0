// SPDX-License-Identifier: Apache-2.0
// preference.jsonl of HelpSteer2 (arXiv:2410.01257): two responses and a strength from -3 to 3. The strength has a sign
// and no scale of its own, so it names the better one and nothing else.
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

void read(const RowColumns& row, Group& group) {
  constexpr double kStrongest = 3;
  read_two_answers(row, "response_1", "response_2", group);
  Comparison comparison = comparison_of(row);
  (void)row.at("preference_strength");
  const double strength = number_or(row, "preference_strength", 0, -kStrongest, kStrongest);
  if (strength > 0) comparison.p = 0;
  if (strength == 0) set_tie(comparison);
  group.comparisons = {comparison};
}

constexpr std::string_view kNeeds[] = {"response_1", "response_2", "preference_strength"};

constexpr ShapeExample kExamples[] = {
    {R"({"split":"train","prompt":"q","response_1":"x","response_2":"y","preference_strength":3,"preference_statement":"2 is better"})",
     "x|y; 0>1 p=0"},
    {R"({"prompt":"q","response_1":"x","response_2":"y","preference_strength":-1})", "x|y; 0>1 p=1"},
    {R"({"prompt":"q","response_1":"x","response_2":"y","preference_strength":0})", "x|y; 0>1 p=0.5 tie=1"},
};

}  // namespace

constinit const ShapeEntry helpsteer_preference_entry{
    .name = "helpsteer_preference",
    .summary = "prompt, response_1, response_2 and preference_strength (HelpSteer2 preferences)",
    .label = "below 0: response_1 is better, above 0: response_2, 0: a tie; the size of the strength is not used",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
