// SPDX-License-Identifier: Apache-2.0
// LLMBar (arXiv:2310.07641): input, output_1, output_2 and the number of the better one.
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_fields.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

void read(const nlohmann::ordered_json& row, Group& group) {
  group.prompt = prompt_of(row);
  group.responses = {response_of(row["output_1"], "output_1"), response_of(row["output_2"], "output_2")};
  if (group.responses[0] == group.responses[1]) throw DataError("output_1 and output_2 are equal");
  Comparison comparison = comparison_of(row);
  const double label = number_of(row["label"], "label");
  if (label != 1 && label != 2) throw DataError("'label' must be 1 or 2, the number of the better output");
  comparison.p = label == 1 ? 1 : 0;
  group.comparisons = {comparison};
}

constexpr std::string_view kNeeds[] = {"input|prompt", "output_1", "output_2", "label"};

constexpr ShapeExample kExamples[] = {
    {R"({"input":"q","output_1":"x","output_2":"y","label":2})", "x|y; 0>1 p=0"},
};

}  // namespace

constinit const ShapeEntry llmbar_entry{
    .name = "llmbar",
    .summary = "input, output_1, output_2 and label 1 or 2",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
