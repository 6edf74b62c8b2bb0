// SPDX-License-Identifier: Apache-2.0
// Stanford Human Preferences (arXiv:2110.08420): a post and two comments, of which the one with more votes although it
// is the younger counts as better.
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

void read(const RowColumns& row, Group& group) {
  const Column answers[] = {row.column({"human_ref_A"}), row.column({"human_ref_B"})};
  read_answers(row, row.column({"history"}), answers, group);
  expect_different(group, "human_ref_A", "human_ref_B");
  Comparison comparison = comparison_of(row);
  const double label = number_of(row.at("labels"), "labels");
  if (label != 0 && label != 1) throw DataError("'labels' must be 1 (human_ref_A is better) or 0 (human_ref_B is)");
  comparison.p = static_cast<float>(label);
  group.comparisons = {comparison};
}

constexpr std::string_view kNeeds[] = {"history", "human_ref_A", "human_ref_B", "labels"};

constexpr ShapeExample kExamples[] = {
    {R"({"history":"q","human_ref_A":"x","human_ref_B":"y","labels":0,"score_A":3,"score_B":9})", "x|y; 0>1 p=0"},
    {R"({"history":"q","human_ref_A":"x","human_ref_B":"y","labels":1})", "x|y; 0>1 p=1"},
};

}  // namespace

constinit const ShapeEntry shp_entry{
    .name = "shp",
    .summary = "history, human_ref_A, human_ref_B and labels (SHP)",
    .label = "1: human_ref_A is better, 0: human_ref_B is",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
