// SPDX-License-Identifier: Apache-2.0
// Comparisons of "Learning to summarize from human feedback" (arXiv:2009.01325): a post or an article, its summaries,
// and the index of the better one.
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

bool matches(const json& row) { return row["info"].is_object() && row["summaries"].is_array(); }

Column source_text(const json& info) {
  for (const char* const name : {"post", "article"}) {
    if (const json* const text = find_key(info, {name})) return {.name = std::string("info.") + name, .value = text};
  }
  throw DataError("'info' needs 'post' or 'article', the text that was summarised");
}

void read(const RowColumns& row, Group& group) {
  std::vector<Column> answers;
  for (const Column& summary : element_columns(row.at("summaries"), "summaries"))
    answers.push_back({.name = summary.name, .value = &member_of(summary, "text")});
  read_answers(row, source_text(row.at("info")), answers, group);
  const double choice = number_of(row.at("choice"), "choice");
  for (size_t k = 0; k < answers.size(); ++k) {
    if (static_cast<double>(k) == choice) continue;
    group.comparisons.push_back({.i = static_cast<int32_t>(choice), .j = static_cast<int32_t>(k)});
  }
  if (group.comparisons.size() + 1 != answers.size()) {
    throw DataError(fmt::format("'choice' is {}, it must be an index of 'summaries'", choice));
  }
  apply_row_weight(row, group);
}

constexpr std::string_view kNeeds[] = {"info", "summaries", "choice"};

constexpr ShapeExample kExamples[] = {
    {R"({"info":{"post":"q","title":"t"},"summaries":[{"text":"x"},{"text":"y"}],"choice":1})", "x|y; 1>0 p=1"},
    {R"({"info":{"article":"q","post":null},"summaries":[{"text":"x"},{"text":"y"}],"choice":0})", "x|y; 0>1 p=1"},
};

}  // namespace

constinit const ShapeEntry summaries_entry{
    .name = "summaries",
    .summary = "info with post or article, summaries and choice (summarize from feedback)",
    .label = "the index of the better summary, from 0; the prompt is info.post or info.article as it stands",
    .needs = kNeeds,
    .matches = &matches,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
