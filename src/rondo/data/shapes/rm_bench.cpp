// SPDX-License-Identifier: Apache-2.0
// RM-Bench (arXiv:2410.16184): a prompt with three right and three wrong answers, in three styles; every right one is
// compared with every wrong one, in whatever style. Its domains are subsets.
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
  const json& chosen = row["chosen"];
  const json& rejected = row["rejected"];
  return chosen.is_array() && rejected.is_array() && chosen.size() == rejected.size() && !chosen.empty() &&
         chosen[0].is_string();
}

void read(const RowColumns& row, Group& group) {
  std::vector<Column> answers = element_columns(row.at("chosen"), "chosen");
  for (Column& wrong : element_columns(row.at("rejected"), "rejected")) answers.push_back(std::move(wrong));
  read_answers(row, answers, group);
  compare_good_and_bad(answers.size() / 2, group);
  apply_row_weight(row, group);
  group.subset = text_of(row.at("domain"), "domain");
}

constexpr std::string_view kNeeds[] = {"chosen", "rejected", "domain"};

constexpr ShapeExample kExamples[] = {
    {R"({"id":"1","prompt":"q","chosen":["a"],"rejected":["c"],"domain":"chat","score_chosen":[2],"score_rejected":[1]})",
     "a|c; 0>1 p=1"},
    {R"({"id":"1","prompt":"q","chosen":["a","b"],"rejected":["c","d"],"domain":"math"})",
     "a|b|c|d; 0>2 p=1; 0>3 p=1; 1>2 p=1; 1>3 p=1"},
};

}  // namespace

constinit const ShapeEntry rm_bench_entry{
    .name = "rm_bench",
    .summary = "prompt, lists of texts chosen and rejected, and domain (RM-Bench)",
    .label = "every text of chosen is better than every text of rejected; domain is the subset",
    .needs = kNeeds,
    .matches = &matches,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
