// SPDX-License-Identifier: Apache-2.0
// HHH alignment of BIG-bench (arXiv:2112.00861): an input and answers that are right (1) or not (0), as two lists or as
// an object from text to score.
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

bool matches(const json& row) {
  const json* const targets = find_key(row, {"targets", "target_scores"});
  return targets->is_object() && (row.contains("target_scores") || targets->contains("choices"));
}

void add_choice(const json& text, const json& label, std::vector<json>& texts, std::vector<double>& labels) {
  texts.push_back(text);
  labels.push_back(number_of(label, "labels"));
}

void read(const RowColumns& row, Group& group) {
  std::vector<json> texts;
  std::vector<double> labels;
  if (const json* const scores = row.find({"target_scores"})) {
    for (const auto& [text, label] : scores->items()) add_choice(text, label, texts, labels);
  } else {
    const RowColumns targets(row.at("targets"));
    const json& choices = targets.at("choices");
    const json& marks = targets.at("labels");
    if (!choices.is_array() || !marks.is_array() || choices.size() != marks.size()) {
      throw DataError("'targets' needs lists 'choices' and 'labels' of the same length");
    }
    for (size_t k = 0; k < choices.size(); ++k) add_choice(choices[k], marks[k], texts, labels);
  }
  std::vector<Column> answers;
  for (const json& text : texts)
    answers.push_back({.name = fmt::format("choices[{}]", answers.size()), .value = &text});
  read_answers(row, answers, group);
  for (size_t i = 0; i < labels.size(); ++i) {
    for (size_t j = 0; j < labels.size(); ++j) {
      if (labels[i] > labels[j])
        group.comparisons.push_back({.i = static_cast<int32_t>(i), .j = static_cast<int32_t>(j)});
    }
  }
  apply_row_weight(row, group);
}

constexpr std::string_view kNeeds[] = {"input|prompt", "targets|target_scores"};

constexpr ShapeExample kExamples[] = {
    {R"({"input":"q","targets":{"choices":["x","y"],"labels":[0,1]}})", "x|y; 1>0 p=1"},
    {R"({"input":"q","target_scores":{"x":1,"y":0,"z":0}})", "x|y|z; 0>1 p=1; 0>2 p=1"},
};

}  // namespace

constinit const ShapeEntry hhh_entry{
    .name = "hhh",
    .summary = "input and targets with choices and labels, or target_scores (HHH)",
    .label = "choices with a higher label are better than those with a lower; equal ones are not compared",
    .needs = kNeeds,
    .matches = &matches,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
