// SPDX-License-Identifier: Apache-2.0
// Step labels (TRL "stepwise supervision"): recognised to be refused, since they compare nothing.
#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

void refuse(const RowColumns& /*row*/, Group& /*group*/) {
  throw DataError(
      "step labels judge parts of one answer and compare nothing; pair whole answers into chosen and rejected");
}

constexpr std::string_view kNeeds[] = {"completions", "labels"};

}  // namespace

constinit const ShapeEntry steps_entry{
    .name = "steps",
    .summary = "prompt, completions and labels (judged steps of one answer)",
    .label = "none: refused",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &refuse,
    .examples = {},
    .is_refused = true,
};

}  // namespace rondo::data
