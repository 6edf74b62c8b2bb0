// SPDX-License-Identifier: Apache-2.0
// all_outputs.json of the SimPO pipeline (arXiv:2405.14734), and what its reward model adds: every two responses are
// compared by all_rm_scores; equal scores are ties.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

void read(const RowColumns& row, Group& group) {
  const json responses = structure_of(row.at("all_generated_responses"), "all_generated_responses");
  if (!responses.is_array() || responses.empty()) {
    throw DataError("'all_generated_responses' must be a list with at least one response");
  }
  read_answers(row, element_columns(responses, "all_generated_responses"), group);
  const json* const given = row.find({"all_rm_scores"});
  if (given == nullptr) return;
  const json list = structure_of(*given, "all_rm_scores");
  if (!list.is_array() || list.size() != responses.size()) {
    throw DataError(
        fmt::format("'all_rm_scores' must be a list of {} numbers, one for each response", responses.size()));
  }
  std::vector<double> scores;
  for (const json& score : list) scores.push_back(number_of(score, "all_rm_scores"));
  compare_by_scores(scores, group);
  apply_row_weight(row, group);
}

constexpr std::string_view kNeeds[] = {"all_generated_responses"};

constexpr ShapeExample kExamples[] = {
    {R"({"prompt":"q","all_generated_responses":["a","b","c"],"all_rm_scores":[0.5,-1,0.5]})",
     "a|b|c; 0>1 p=1; 0>2 p=0.5 tie=1; 1>2 p=0"},
    {R"({"prompt":"q","all_generated_responses":["a","b"]})", "a|b"},
};

}  // namespace

constinit const ShapeEntry simpo_entry{
    .name = "simpo",
    .summary = "prompt, all_generated_responses and all_rm_scores (SimPO pipeline)",
    .label = "every two responses by their scores, the higher is better; equal scores are a tie",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
