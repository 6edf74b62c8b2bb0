// SPDX-License-Identifier: Apache-2.0
// Many responses of one prompt (our own canonical row): with a comparison list, a compact tournament, a table of
// probabilities, a ranking, or no labels at all (something to rank).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

// table[i][j] + table[j][i] may differ from 1 by what rounding to three digits leaves.
constexpr double kTableTolerance = 2e-3;

int32_t index_of(const json& value, std::string_view name, size_t response_count) {
  const double number = number_of(value, name);
  if (number != std::floor(number) || number < 0 || number >= static_cast<double>(response_count)) {
    throw DataError(
        fmt::format("'{}' is {}, it must be a response index from 0 to {}", name, value.dump(), response_count - 1));
  }
  return static_cast<int32_t>(number);
}

Comparison listed_comparison(const json& value, size_t response_count) {
  if (!value.is_object() || !value.contains("i") || !value.contains("j")) {
    throw DataError("an entry of 'comparisons' must be an object with 'i' and 'j'");
  }
  for (const auto& [key, unused] : value.items()) {
    constexpr std::string_view kKnown[] = {"i", "j", "p", "weight", "tie", "margin"};
    if (std::find(std::begin(kKnown), std::end(kKnown), key) == std::end(kKnown)) {
      throw DataError(fmt::format("unknown key '{}' in 'comparisons'; known: i, j, p, weight, tie, margin", key));
    }
  }
  const RowColumns columns(value);
  Comparison comparison = comparison_of(columns);
  comparison.i = index_of(value["i"], "i", response_count);
  comparison.j = index_of(value["j"], "j", response_count);
  if (comparison.i == comparison.j) throw DataError("a comparison has i = j");
  const double tie = number_or(columns, "tie", 0, 0, 1);
  // Votes that are no ties went to i where nothing else is said.
  const double p = number_or(columns, "p", 1 - tie / 2, 0, 1);
  if (p < tie / 2 || p > 1 - tie / 2) {
    throw DataError(fmt::format("p = {} contradicts tie = {}: ties count half for each side", p, tie));
  }
  comparison.p = static_cast<float>(p);
  comparison.tie = static_cast<float>(tie);
  return comparison;
}

void read_list(const json& list, Group& group) {
  if (!list.is_array()) throw DataError("'comparisons' must be a list");
  for (const json& value : list) group.comparisons.push_back(listed_comparison(value, group.responses.size()));
}

void read_outcomes(const json& value, Group& group) {
  const std::string outcomes = text_of(value, "outcomes");
  const size_t count = group.responses.size();
  const size_t pairs = count * (count - 1) / 2;
  if (outcomes.size() != pairs) {
    throw DataError(
        fmt::format("'outcomes' has {} characters, {} responses have {} pairs", outcomes.size(), count, pairs));
  }
  size_t at = 0;
  for (int32_t i = 0; i < static_cast<int32_t>(count); ++i) {
    for (int32_t j = i + 1; j < static_cast<int32_t>(count); ++j, ++at) {
      const char outcome = outcomes[at];
      if (outcome == '-') continue;
      Comparison comparison{.i = i, .j = j};
      if (outcome == 'L') comparison.p = 0;
      if (outcome == 'T') set_tie(comparison);
      if (outcome != 'W' && outcome != 'L' && outcome != 'T') {
        throw DataError(fmt::format("'outcomes' has {} at position {}; known: W, L, T, -",
                                    json(outcomes.substr(at, 1)).dump(-1, ' ', true, json::error_handler_t::replace),
                                    at));
      }
      group.comparisons.push_back(comparison);
    }
  }
}

std::optional<double> table_cell(const json& table, size_t i, size_t j) {
  const json& value = table[i][j];
  if (value.is_null()) return std::nullopt;
  const double p = number_of(value, "table");
  if (p < 0 || p > 1) {
    throw DataError(fmt::format("'table' holds {}; it takes probabilities, turn scores into 1 / (1 + exp(-score))", p));
  }
  return p;
}

void read_table(const json& table, Group& group) {
  const size_t count = group.responses.size();
  const auto is_row = [&](const json& row) { return row.is_array() && row.size() == count; };
  if (!table.is_array() || table.size() != count || !std::all_of(table.begin(), table.end(), is_row)) {
    throw DataError(fmt::format("'table' must have {} rows of {} numbers, one for each response", count, count));
  }
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = i + 1; j < count; ++j) {
      const auto forward = table_cell(table, i, j);
      const auto backward = table_cell(table, j, i);
      if (!forward && !backward) continue;
      if (forward && backward && std::abs(*forward + *backward - 1) > kTableTolerance) {
        throw DataError(
            fmt::format("table[{}][{}] + table[{}][{}] is {}, it must be 1", i, j, j, i, *forward + *backward));
      }
      const double p = forward ? *forward : 1 - *backward;
      group.comparisons.push_back(
          {.i = static_cast<int32_t>(i), .j = static_cast<int32_t>(j), .p = static_cast<float>(p)});
    }
  }
}

void read_ranking(const json& ranking, Group& group) {
  const size_t count = group.responses.size();
  if (!ranking.is_array() || ranking.size() != count) {
    throw DataError(fmt::format("'ranking' must list all {} response indices, best first", count));
  }
  std::vector<int32_t> order;
  std::vector<bool> seen(count);
  for (const json& value : ranking) {
    order.push_back(index_of(value, "ranking", count));
    if (seen[static_cast<size_t>(order.back())]) throw DataError("'ranking' lists a response twice");
    seen[static_cast<size_t>(order.back())] = true;
  }
  for (size_t better = 0; better < count; ++better) {
    for (size_t worse = better + 1; worse < count; ++worse) {
      group.comparisons.push_back({.i = order[better], .j = order[worse]});
    }
  }
}

void read(const RowColumns& row, Group& group) {
  const json responses = structure_of(row.at("responses"), "responses");
  if (!responses.is_array() || responses.empty())
    throw DataError("'responses' must be a list with at least one response");
  read_answers(row, element_columns(responses, "responses"), group);
  struct Label {
    std::string_view name;
    void (*read)(const json& value, Group& group);
  };
  constexpr Label kLabels[] = {
      {"comparisons", &read_list}, {"outcomes", &read_outcomes}, {"table", &read_table}, {"ranking", &read_ranking}};
  std::string_view used;
  for (const Label& label : kLabels) {
    const json* const value = row.find({label.name});
    if (value == nullptr) continue;
    if (!used.empty()) throw DataError(fmt::format("has both '{}' and '{}'; keep one", used, label.name));
    used = label.name;
    label.read(label.name == "outcomes" ? *value : structure_of(*value, label.name), group);
  }
  apply_row_weight(row, group);
}

constexpr std::string_view kNeeds[] = {"responses"};

constexpr ShapeExample kExamples[] = {
    {R"({"prompt":"p","responses":["a","b","c"],"comparisons":[{"i":0,"j":1},{"i":2,"j":1,"p":0.7,"weight":3,"margin":-1}]})",
     "a|b|c; 0>1 p=1; 2>1 p=0.7 weight=3 margin=-1"},
    {R"({"prompt":"p","responses":["a","b","c"],"outcomes":"WT-"})", "a|b|c; 0>1 p=1; 0>2 p=0.5 tie=1"},
    {R"({"prompt":"p","responses":["a","b"],"table":[[0.5,0.8],[0.2,0.5]],"weight":2})", "a|b; 0>1 p=0.8 weight=2"},
    {R"({"prompt":"p","responses":["a","b","c"],"ranking":[0,2,1]})", "a|b|c; 0>2 p=1; 0>1 p=1; 2>1 p=1"},
    {R"({"prompt":"p","responses":["a","b"],"comparisons":[{"i":1,"j":0,"tie":0.5}]})", "a|b; 1>0 p=0.75 tie=0.5"},
    {R"({"messages":[{"role":"user","content":"p"}],"responses":[{"role":"assistant","content":"a"},[{"role":"assistant","content":"b"}]],"ranking":[1,0]})",
     "a|b; 1>0 p=1"},
    {R"({"prompt":"p","responses":["a","b","c"]})", "a|b|c"},
};

}  // namespace

constinit const ShapeEntry group_entry{
    .name = "group",
    .summary = "prompt, responses and their comparisons, outcomes, table or ranking",
    .label =
        "comparisons: p, the probability that i is better; outcomes: W, L, T in the order of pairs; table: "
        "probabilities; ranking: indices, best first; none of them: something to rank",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
