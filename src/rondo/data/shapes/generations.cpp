// SPDX-License-Identifier: Apache-2.0
// train.parquet of the SPPO and GPM pipelines (arXiv:2405.00675, arXiv:2410.02197): generate_0, generate_1, ... are
// conversations that differ in their answer, `probability` the K x K table of a judge.
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

// The same files hold scores in the place of probabilities, of a scale that they do not tell.
void read_probability(const json& value, Group& group) {
  const json table = structure_of(value, "probability");
  const size_t count = group.responses.size();
  for (size_t i = 0; i < count; ++i) {
    if (!table.is_array() || table.size() != count || !table[i].is_array() || table[i].size() != count) {
      throw DataError(fmt::format("'probability' must have {} rows of {} numbers", count, count));
    }
  }
  if (number_of(table[0][0], "probability") == 0) {
    throw DataError(
        "'probability' has 0 on its diagonal: it holds scores; read the responses alone by `rename` "
        "probability=scores, or write probabilities");
  }
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = i + 1; j < count; ++j) {
      const double p = number_of(table[i][j], "probability");
      if (p < 0 || p > 1) throw DataError(fmt::format("'probability' holds {}", p));
      group.comparisons.push_back(
          {.i = static_cast<int32_t>(i), .j = static_cast<int32_t>(j), .p = static_cast<float>(p)});
    }
  }
}

void read(const RowColumns& row, Group& group) {
  std::vector<json> conversations;
  while (const json* const column = row.find({fmt::format("generate_{}", conversations.size())})) {
    conversations.push_back(structure_of(*column, fmt::format("generate_{}", conversations.size())));
  }
  std::vector<Column> answers;
  for (const json& conversation : conversations) {
    answers.push_back({.name = fmt::format("generate_{}", answers.size()), .value = &conversation});
  }
  read_answers(row, answers, group);
  if (const json* const table = row.find({"probability"})) read_probability(*table, group);
  apply_row_weight(row, group);
}

constexpr std::string_view kNeeds[] = {"generate_0"};

constexpr ShapeExample kExamples[] = {
    {R"({"prompt":"q","generate_0":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"generate_1":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}],"probability":[[0.5,0.75],[0.25,0.5]],"rm_scores":[1,-1]})",
     "a|b; 0>1 p=0.75"},
    {R"({"generate_0":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"generate_1":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}]})",
     "a|b"},
};

}  // namespace

constinit const ShapeEntry generations_entry{
    .name = "generations",
    .summary = "generate_0, generate_1, ... conversations with probability (SPPO, GPM pipelines)",
    .label = "probability[i][j]: how likely i is better than j; 0.5 is even",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
