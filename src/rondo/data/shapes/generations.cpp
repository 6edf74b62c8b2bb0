// SPDX-License-Identifier: Apache-2.0
// train.parquet of the SPPO and GPM pipelines (arXiv:2405.00675, arXiv:2410.02197): generate_0, generate_1, ... are
// conversations that differ in their answer, `probability` the K x K table of a judge.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_fields.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

// The messages before the answer must be the same in every column.
void read_column(const json& value, const std::string& name, Group& group) {
  std::vector<Message> messages = messages_of(structure_of(value, name), name);
  if (messages.back().role != "assistant") {
    throw DataError(fmt::format("'{}' ends with the role '{}', it must be 'assistant'", name, messages.back().role));
  }
  Message answer = std::move(messages.back());
  messages.pop_back();
  if (group.responses.empty()) {
    group.prompt.is_plain = false;
    group.prompt.messages = std::move(messages);
  } else if (messages != group.prompt.messages) {
    throw DataError(fmt::format("'{}' has other messages before its answer than 'generate_0'", name));
  }
  group.responses.push_back(std::move(answer));
}

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

void read(const json& row, Group& group) {
  for (size_t k = 0;; ++k) {
    const std::string name = fmt::format("generate_{}", k);
    const json* const column = find_key(row, {name});
    if (column == nullptr) break;
    read_column(*column, name, group);
  }
  add_template_fields(row, group.prompt);
  if (const json* const table = find_key(row, {"probability"})) read_probability(*table, group);
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
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
