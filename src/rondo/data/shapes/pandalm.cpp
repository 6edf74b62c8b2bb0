// SPDX-License-Identifier: Apache-2.0
// testset of PandaLM (arXiv:2306.05087): an instruction with or without an input, two responses, and the votes of its
// annotators.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

// The prompt of an instruction file: the input below the instruction.
json joined_prompt(const RowColumns& row) {
  std::string text = text_of(row.at("instruction"), "instruction");
  const json* const input = row.find({"input"});
  if (input != nullptr && *input != "") text += "\n" + text_of(*input, "input");
  return text;
}

void read(const RowColumns& row, Group& group) {
  const json prompt = joined_prompt(row);
  const Column answers[] = {row.column({"response1"}), row.column({"response2"})};
  read_answers(row, {.name = "instruction", .value = &prompt}, answers, group);
  expect_different(group, "response1", "response2");
  float votes[] = {0, 0, 0};
  for (int annotator = 1;; ++annotator) {
    const std::string name = fmt::format("annotator{}", annotator);
    const json* const value = row.find({name});
    if (value == nullptr) break;
    const double vote = number_of(*value, name);
    if (vote != 0 && vote != 1 && vote != 2) {
      throw DataError(fmt::format("'{}' must be 1 or 2, the number of the better response, or 0 for a tie", name));
    }
    votes[static_cast<size_t>(vote)] += 1;
  }
  Comparison comparison = comparison_of(row);
  const float count = votes[0] + votes[1] + votes[2];
  comparison.p = (votes[1] + votes[0] / 2) / count;
  comparison.tie = votes[0] / count;
  comparison.weight *= count;
  group.comparisons = {comparison};
}

constexpr std::string_view kNeeds[] = {"instruction", "response1", "response2", "annotator1"};

constexpr ShapeExample kExamples[] = {
    {R"({"idx":0,"instruction":"i","input":"q","response1":"x","response2":"y","annotator1":2,"annotator2":0,"annotator3":2})",
     "x|y; 0>1 p=0.16666667 tie=0.33333334 weight=3"},
    {R"({"instruction":"i","input":"","response1":"x","response2":"y","annotator1":1})", "x|y; 0>1 p=1"},
};

}  // namespace

constinit const ShapeEntry pandalm_entry{
    .name = "pandalm",
    .summary = "instruction, input, response1, response2, annotator1, ... (PandaLM)",
    .label =
        "each annotator gives the number of the better response, 0 for a tie; p is their share, the weight their count",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
