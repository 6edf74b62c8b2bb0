// SPDX-License-Identifier: Apache-2.0
// One judged answer (TRL "unpaired preference"): recognised to be refused, since it compares nothing.
#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

void refuse(const RowColumns& /*row*/, Group& /*group*/) {
  throw DataError(
      "a single judged answer is not a comparison; pair good and bad completions of a prompt into chosen and rejected");
}

constexpr std::string_view kNeeds[] = {"completion", "label"};

}  // namespace

constinit const ShapeEntry unpaired_entry{
    .name = "unpaired",
    .summary = "prompt, completion and label (a single judged answer)",
    .label = "none: refused",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &refuse,
    .examples = {},
    .is_refused = true,
};

}  // namespace rondo::data
