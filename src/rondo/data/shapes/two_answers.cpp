// SPDX-License-Identifier: Apache-2.0
// Two answers with a verdict, a soft label, or votes.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view kLabels[] = {"label", "winner", "p_a", "votes_a", "votes_b", "votes_tie"};

bool has_votes(const RowColumns& row) { return row.find({"votes_a", "votes_b", "votes_tie"}) != nullptr; }

void read_votes(const RowColumns& row, Comparison& comparison) {
  const double a = number_or(row, "votes_a", 0, 0, kMaxWeight);
  const double b = number_or(row, "votes_b", 0, 0, kMaxWeight);
  const double tie = number_or(row, "votes_tie", 0, 0, kMaxWeight);
  const double votes = a + b + tie;
  if (!(votes > 0)) throw DataError("there are no votes; leave the row out");
  comparison.p = static_cast<float>((a + tie / 2) / votes);
  comparison.tie = static_cast<float>(tie / votes);
  comparison.weight *= static_cast<float>(votes);
}

void read(const RowColumns& row, Group& group) {
  read_two_answers(row, "response_a", "response_b", group);
  Comparison comparison = comparison_of(row);
  const json* const verdict = row.find({"label", "winner"});
  const json* const soft = row.find({"p_a"});
  const int labels = (verdict != nullptr) + (soft != nullptr) + has_votes(row);
  const std::string null = row.null_column(kLabels);
  if (labels == 0 && !null.empty()) throw DataError(fmt::format("there is no label: '{}' is null", null));
  if (labels != 1) {
    throw DataError("exactly one of p_a, label (or winner) and votes_a/votes_b/votes_tie says who is preferred");
  }
  if (soft != nullptr) {
    comparison.p = static_cast<float>(number_or(row, "p_a", 1, 0, 1));
  } else if (verdict == nullptr) {
    read_votes(row, comparison);
  } else if (verdict->is_string()) {
    set_verdict(verdict->get_ref<const std::string&>(), comparison);
  } else {
    // 0 and 1 mean the first answer in some files and the second in others.
    throw DataError("'label' must be a, b or tie; numbers mean different things in different files, use p_a for them");
  }
  group.comparisons = {comparison};
}

constexpr std::string_view kNeeds[] = {"response_a", "response_b"};

constexpr ShapeExample kExamples[] = {
    {R"({"prompt":"q","response_a":"x","response_b":"y","p_a":0.75})", "x|y; 0>1 p=0.75"},
    {R"({"prompt":"q","response_a":"x","response_b":"y","label":"tie"})", "x|y; 0>1 p=0.5 tie=1"},
    {R"({"prompt":"q","response_a":"x","response_b":"y","winner":"model_b"})", "x|y; 0>1 p=0"},
    {R"({"prompt":"q","response_a":"x","response_b":"y","votes_a":2,"votes_b":1,"votes_tie":1})",
     "x|y; 0>1 p=0.625 tie=0.25 weight=4"},
};

}  // namespace

constinit const ShapeEntry two_answers_entry{
    .name = "two_answers",
    .summary = "prompt, response_a, response_b and p_a, label or votes",
    .label =
        "p_a: the probability that response_a is better; label or winner: a, b or tie; votes: their shares, the "
        "weight their sum",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
