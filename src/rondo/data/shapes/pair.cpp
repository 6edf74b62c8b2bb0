// SPDX-License-Identifier: Apache-2.0
// One preferred and one rejected answer: TRL standard and conversational with explicit or implicit prompt, OpenRLHF
// (`input`), RewardBench 1, and the files of the GPM reference (`instruction`, `reject`, answers nested under
// `response`).
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

Column answer_column(const RowColumns& row, std::initializer_list<std::string_view> names) {
  Column column = row.column(names);
  const json& answer = *column.value;
  const json* const inner = answer.is_object() && !answer.contains("role") ? find_key(answer, {"response"}) : nullptr;
  if (inner != nullptr) column.value = inner;
  return column;
}

void read(const RowColumns& row, Group& group) {
  const Column answers[] = {answer_column(row, {"chosen"}), answer_column(row, {"rejected", "reject"})};
  // The reference's label column is 0 throughout; another value would turn the pair round without a word.
  const json* const label = answers[1].name == "reject" ? row.find({"label"}) : nullptr;
  if (label != nullptr && number_of(*label, "label") != 0) {
    throw DataError("'label' beside 'reject' must be 0; swap chosen and reject instead");
  }
  read_answers(row, answers, group);
  expect_different(group, answers[0].name, answers[1].name);
  group.comparisons = {comparison_of(row)};
}

constexpr std::string_view kNeeds[] = {"chosen", "rejected|reject"};

constexpr ShapeExample kExamples[] = {
    {R"({"prompt":"Name a prime.","chosen":"7","rejected":"9","margin":0.5})", "7|9; 0>1 p=1 margin=0.5"},
    {R"({"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"7"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"9"}]})",
     "7|9; 0>1 p=1"},
    {R"({"prompt":[{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"7"}],"rejected":[{"role":"assistant","content":"9"}],"weight":"2"})",
     "7|9; 0>1 p=1 weight=2"},
    {R"({"instruction":"Pick a letter.","chosen":"A","reject":"B","label":0})", "A|B; 0>1 p=1"},
    {R"({"instruction":"Pick.","chosen":{"response":"A"},"reject":{"response":"B"}})", "A|B; 0>1 p=1"},
    {R"({"input":"q","chosen":"7","rejected":"7 or 9"})", "7|7 or 9; 0>1 p=1"},
    {R"({"prompt":"q","chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"7"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"9"}]})",
     "7|9; 0>1 p=1"},
};

}  // namespace

constinit const ShapeEntry pair_entry{
    .name = "pair",
    .summary = "prompt, chosen and rejected, or chosen and rejected conversations (TRL, OpenRLHF, RewardBench 1)",
    .label = "chosen is better than rejected; a margin says by how much",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
