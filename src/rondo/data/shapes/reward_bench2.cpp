// SPDX-License-Identifier: Apache-2.0
// RewardBench 2 (arXiv:2506.01937): a prompt with several good and several bad texts. Every good one is compared with
// every bad one; the good ones of its subset Ties are equally good, and comparing them would label nothing.
#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

bool is_list_of_texts(const json& value) { return value.is_array() && !value.empty() && value[0].is_string(); }

bool matches(const json& row) { return is_list_of_texts(row["chosen"]) || is_list_of_texts(row["rejected"]); }

// A list of one text may stand as that text.
std::vector<Column> texts_of(const RowColumns& row, const char* name) {
  const json& value = row.at(name);
  return value.is_array() ? element_columns(value, name) : std::vector<Column>{{.name = name, .value = &value}};
}

void read(const RowColumns& row, Group& group) {
  std::vector<Column> answers = texts_of(row, "chosen");
  const size_t good_count = answers.size();
  for (Column& bad : texts_of(row, "rejected")) answers.push_back(std::move(bad));
  if (good_count == 0 || good_count == answers.size()) throw DataError("chosen or rejected is an empty list");
  read_answers(row, answers, group);
  compare_good_and_bad(good_count, group);
  apply_row_weight(row, group);
}

constexpr std::string_view kNeeds[] = {"chosen", "rejected"};

constexpr ShapeExample kExamples[] = {
    {R"({"id":"1","prompt":"q","chosen":["7"],"rejected":["8","9"],"num_correct":1,"subset":"Math"})",
     "7|8|9; 0>1 p=1; 0>2 p=1"},
    {R"({"id":"tied:1","prompt":"q","chosen":["5","7"],"rejected":["8","9"],"subset":"Ties"})",
     "5|7|8|9; 0>2 p=1; 0>3 p=1; 1>2 p=1; 1>3 p=1"},
};

}  // namespace

constinit const ShapeEntry reward_bench2_entry{
    .name = "reward_bench2",
    .summary = "prompt and lists of texts chosen and rejected (RewardBench 2)",
    .label = "every text of chosen is better than every text of rejected; those of one list are not compared",
    .needs = kNeeds,
    .matches = &matches,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
