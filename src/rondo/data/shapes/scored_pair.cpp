// SPDX-License-Identifier: Apache-2.0
// UltraFeedback binarized and its like: chosen and rejected with the score that a judge gave to each.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

// RM-Bench writes a list of scores under the same names.
bool matches(const json& row) { return !row["score_chosen"].is_array() && !row["score_rejected"].is_array(); }

void read(const RowColumns& row, Group& group) {
  read_two_answers(row, "chosen", "rejected", group);
  Comparison comparison = comparison_of(row);
  const double chosen = number_of(row.at("score_chosen"), "score_chosen");
  const double rejected = number_of(row.at("score_rejected"), "score_rejected");
  if (chosen < rejected) {
    throw DataError(
        fmt::format("'score_chosen' and 'score_rejected' contradict the pair: {} is less than {}; leave the "
                    "scores out, or swap chosen and rejected",
                    chosen, rejected));
  }
  if (chosen == rejected) set_tie(comparison);
  group.comparisons = {comparison};
}

constexpr std::string_view kNeeds[] = {"chosen", "rejected", "score_chosen", "score_rejected"};

constexpr ShapeExample kExamples[] = {
    {R"({"prompt":"q","chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"7"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"9"}],"score_chosen":8.5,"score_rejected":6})",
     "7|9; 0>1 p=1"},
    {R"({"prompt":"q","chosen":"7","rejected":"9","score_chosen":8,"score_rejected":8})", "7|9; 0>1 p=0.5 tie=1"},
};

}  // namespace

constinit const ShapeEntry scored_pair_entry{
    .name = "scored_pair",
    .summary = "prompt, chosen, rejected, score_chosen, score_rejected (UltraFeedback binarized)",
    .label = "chosen is better than rejected; equal scores are a tie, and a lower score of chosen is refused",
    .needs = kNeeds,
    .matches = &matches,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
