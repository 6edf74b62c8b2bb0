// SPDX-License-Identifier: Apache-2.0
// One rated answer (HelpSteer, HelpSteer2): recognised to be refused, since a row compares nothing.
#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

void refuse(const RowColumns& /*row*/, Group& /*group*/) {
  throw DataError(
      "a single answer with ratings compares nothing; give the answers of a prompt in one row, as 'responses' with a "
      "'ranking', or take the preference file of the data set");
}

constexpr std::string_view kNeeds[] = {"prompt", "response", "helpfulness"};

}  // namespace

constinit const ShapeEntry ratings_entry{
    .name = "ratings",
    .summary = "prompt, response, helpfulness, correctness, ... (HelpSteer ratings of single answers)",
    .label = "none: refused",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &refuse,
    .examples = {},
    .is_refused = true,
};

}  // namespace rondo::data
