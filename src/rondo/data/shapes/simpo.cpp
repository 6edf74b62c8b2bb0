// SPDX-License-Identifier: Apache-2.0
// all_outputs.json of the SimPO pipeline (arXiv:2405.14734), and what its reward model adds: every two responses are
// compared by all_rm_scores; equal scores are ties.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_fields.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

void read(const json& row, Group& group) {
  group.prompt = prompt_of(row);
  const json responses = structure_of(row["all_generated_responses"], "all_generated_responses");
  if (!responses.is_array() || responses.empty()) {
    throw DataError("'all_generated_responses' must be a list with at least one response");
  }
  for (const json& response : responses) group.responses.push_back(response_of(response, "all_generated_responses"));
  const json* const given = find_key(row, {"all_rm_scores"});
  if (given == nullptr) return;
  const json scores = structure_of(*given, "all_rm_scores");
  if (!scores.is_array() || scores.size() != responses.size()) {
    throw DataError(
        fmt::format("'all_rm_scores' must be a list of {} numbers, one for each response", responses.size()));
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    for (size_t j = i + 1; j < scores.size(); ++j) {
      Comparison comparison{.i = static_cast<int32_t>(i), .j = static_cast<int32_t>(j)};
      const double first = number_of(scores[i], "all_rm_scores"), second = number_of(scores[j], "all_rm_scores");
      if (first < second) comparison.p = 0;
      if (first == second) set_tie(comparison);
      group.comparisons.push_back(comparison);
    }
  }
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
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
