// SPDX-License-Identifier: Apache-2.0
// Nectar: a transcript as prompt and seven answers with the rank that a judge gave to each.
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
  const json& list = row["answers"];
  return list.is_array() && !list.empty() && list[0].is_object() && list[0].contains("answer") &&
         list[0].contains("rank");
}

void read(const RowColumns& row, Group& group) {
  std::vector<Column> answers;
  std::vector<double> scores;
  for (const Column& entry : element_columns(row.at("answers"), "answers")) {
    answers.push_back({.name = entry.name, .value = &member_of(entry, "answer")});
    scores.push_back(-number_of(member_of(entry, "rank"), "rank"));
  }
  read_answers(row, answers, group);
  compare_by_scores(scores, group);
  apply_row_weight(row, group);
}

constexpr std::string_view kNeeds[] = {"prompt", "answers"};

constexpr ShapeExample kExamples[] = {
    {R"({"prompt":"\n\nHuman: q\n\nAssistant: ","answers":[{"answer":"a","model":"x","rank":2},{"answer":"b","model":"y","rank":1},{"answer":"c","model":"z","rank":2}],"turns":1})",
     "a|b|c; 0>1 p=0; 0>2 p=0.5 tie=1; 1>2 p=1"},
};

}  // namespace

constinit const ShapeEntry nectar_entry{
    .name = "nectar",
    .summary = "prompt and answers with answer and rank (Nectar)",
    .label = "every two answers by rank, 1 is the best; equal ranks are a tie",
    .needs = kNeeds,
    .matches = &matches,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
