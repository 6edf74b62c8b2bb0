// SPDX-License-Identifier: Apache-2.0
// PKU-SafeRLHF (arXiv:2406.15513): two responses and which is the more helpful one. Which is the safer one is another
// label of the same pair: read it by renaming it to better_response_id.
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

void read(const RowColumns& row, Group& group) {
  read_two_answers(row, "response_0", "response_1", group);
  Comparison comparison = comparison_of(row);
  const double better = number_of(row.at("better_response_id"), "better_response_id");
  if (better != 0 && better != 1) throw DataError("'better_response_id' must be 0 or 1");
  comparison.p = better == 0 ? 1 : 0;
  group.comparisons = {comparison};
}

constexpr std::string_view kNeeds[] = {"response_0", "response_1", "better_response_id"};

constexpr ShapeExample kExamples[] = {
    {R"({"prompt":"q","response_0":"x","response_1":"y","is_response_0_safe":true,"is_response_1_safe":true,"better_response_id":1,"safer_response_id":0})",
     "x|y; 0>1 p=0"},
};

}  // namespace

constinit const ShapeEntry safe_rlhf_entry{
    .name = "safe_rlhf",
    .summary = "prompt, response_0, response_1 and better_response_id (PKU-SafeRLHF)",
    .label =
        "the number of the more helpful response, 0 or 1; the safer one by rename safer_response_id=better_response_id",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
