// SPDX-License-Identifier: Apache-2.0
// One answer with ratings or without (HelpSteer, HelpSteer2): recognised to be refused, since a row compares nothing.
#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

void refuse(const RowColumns& /*row*/, Group& /*group*/) {
  throw DataError(
      "a single answer compares nothing, whatever its ratings; give the answers of a prompt in one row, as 'responses' "
      "with a "
      "'ranking', or take the preference file of the data set");
}

constexpr std::string_view kNeeds[] = {"prompt|instruction|question", "response"};

}  // namespace

constinit const ShapeEntry ratings_entry{
    .name = "ratings",
    .summary = "prompt, response and its ratings (HelpSteer: single answers)",
    .label = "none: refused",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &refuse,
    .examples = {},
    .is_refused = true,
};

}  // namespace rondo::data
