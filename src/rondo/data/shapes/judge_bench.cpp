// SPDX-License-Identifier: Apache-2.0
// JudgeBench (arXiv:2410.12784): a question and two responses, one of which is right.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

void read(const RowColumns& row, Group& group) {
  read_two_answers(row, "response_A", "response_B", group);
  Comparison comparison = comparison_of(row);
  const std::string label = text_of(row.at("label"), "label");
  if (label == "B>A") comparison.p = 0;
  if (label == "A=B") set_tie(comparison);
  if (label != "A>B" && label != "B>A" && label != "A=B") {
    throw DataError(fmt::format("unknown label '{}'; known: A>B, B>A, A=B", label));
  }
  group.comparisons = {comparison};
  if (const json* const id = row.find({"pair_id"})) group.id = text_of(*id, "pair_id");
}

constexpr std::string_view kNeeds[] = {"response_A", "response_B", "label"};

constexpr ShapeExample kExamples[] = {
    {R"({"pair_id":"p","source":"mmlu-pro","question":"q","response_model":"m","response_A":"x","response_B":"y","label":"B>A"})",
     "x|y; 0>1 p=0"},
    {R"({"pair_id":"p","question":"q","response_A":"x","response_B":"y","label":"A>B"})", "x|y; 0>1 p=1"},
};

}  // namespace

constinit const ShapeEntry judge_bench_entry{
    .name = "judge_bench",
    .summary = "question, response_A, response_B and label A>B or B>A (JudgeBench)",
    .label = "A>B: response_A is better, B>A: response_B; A=B is a tie",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
