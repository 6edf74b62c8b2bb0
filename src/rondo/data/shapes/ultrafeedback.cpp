// SPDX-License-Identifier: Apache-2.0
// UltraFeedback (arXiv:2310.01377): an instruction and completions with an overall score each. Every two completions
// are compared by their scores; equal scores are ties.
#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/data/row_fields.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

bool matches(const json& row) {
  const json& list = row["completions"];
  return list.is_array() && !list.empty() && list[0].is_object() && list[0].contains("response");
}

void read(const json& row, Group& group) {
  group.prompt = prompt_of(row);
  std::vector<double> scores;
  for (const json& completion : row["completions"]) {
    const json* const response = completion.is_object() ? find_key(completion, {"response"}) : nullptr;
    const json* const score = completion.is_object() ? find_key(completion, {"overall_score"}) : nullptr;
    if (response == nullptr || score == nullptr) {
      throw DataError("every completion needs 'response' and 'overall_score'");
    }
    group.responses.push_back(response_of(*response, "response"));
    scores.push_back(number_of(*score, "overall_score"));
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    for (size_t j = i + 1; j < scores.size(); ++j) {
      Comparison comparison{.i = static_cast<int32_t>(i), .j = static_cast<int32_t>(j)};
      if (scores[i] < scores[j]) comparison.p = 0;
      if (scores[i] == scores[j]) set_tie(comparison);
      group.comparisons.push_back(comparison);
    }
  }
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
    .needs = kNeeds,
    .matches = &matches,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
