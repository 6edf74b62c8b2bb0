// SPDX-License-Identifier: Apache-2.0
// Two answers with a verdict, a soft label, or votes.
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_fields.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

bool has_votes(const json& row) { return find_key(row, {"votes_a", "votes_b", "votes_tie"}) != nullptr; }

bool read_votes(const json& row, Comparison& comparison) {
  const double a = number_or(row, "votes_a", 0, 0, kMaxWeight);
  const double b = number_or(row, "votes_b", 0, 0, kMaxWeight);
  const double tie = number_or(row, "votes_tie", 0, 0, kMaxWeight);
  const double votes = a + b + tie;
  if (!(votes > 0)) throw DataError("there are no votes; leave the row out");
  comparison.p = static_cast<float>((a + tie / 2) / votes);
  comparison.tie = static_cast<float>(tie / votes);
  comparison.weight *= static_cast<float>(votes);
  return true;
}

void read(const json& row, Group& group) {
  group.prompt = prompt_of(row);
  group.responses = {response_of(row["response_a"], "response_a"), response_of(row["response_b"], "response_b")};
  if (group.responses[0] == group.responses[1]) throw DataError("response_a and response_b are equal");
  Comparison comparison = comparison_of(row);
  const json* const verdict = find_key(row, {"label", "winner"});
  const json* const soft = find_key(row, {"p_a"});
  if ((verdict != nullptr) + (soft != nullptr) + has_votes(row) != 1) {
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
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
