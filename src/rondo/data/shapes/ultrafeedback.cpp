// SPDX-License-Identifier: Apache-2.0
// UltraFeedback (arXiv:2310.01377): an instruction and completions with an overall score each. Every two completions
// are compared by their scores; equal scores are ties.
#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

bool matches(const json& row) {
  const json& list = row["completions"];
  return list.is_array() && !list.empty() && list[0].is_object() && list[0].contains("response");
}

void read(const RowColumns& row, Group& group) {
  std::vector<Column> answers;
  std::vector<double> scores;
  for (const Column& completion : element_columns(row.at("completions"), "completions")) {
    answers.push_back({.name = completion.name, .value = &member_of(completion, "response")});
    scores.push_back(number_of(member_of(completion, "overall_score"), "overall_score"));
  }
  read_answers(row, answers, group);
  compare_by_scores(scores, group);
  apply_row_weight(row, group);
}

constexpr std::string_view kNeeds[] = {"instruction|prompt", "completions"};

constexpr ShapeExample kExamples[] = {
    {R"({"instruction":"q","completions":[{"response":"a","overall_score":7.5},{"response":"b","overall_score":8},{"response":"c","overall_score":8}]})",
     "a|b|c; 0>1 p=0; 0>2 p=0; 1>2 p=0.5 tie=1"},
};

}  // namespace

constinit const ShapeEntry ultrafeedback_entry{
    .name = "ultrafeedback",
    .summary = "instruction and completions with response and overall_score",
    .label = "every two completions by overall_score, the higher is better; equal scores are a tie",
    .needs = kNeeds,
    .matches = &matches,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
