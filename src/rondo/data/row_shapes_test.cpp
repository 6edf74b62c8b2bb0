// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/row_shapes.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/io/test_folder.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;
using ::testing::HasSubstr;

class EveryShape : public ::testing::TestWithParam<const ShapeEntry*> {};

TEST_P(EveryShape, ReadsItsExamples) {
  for (const ShapeExample& example : GetParam()->examples) {
    const json row = json::parse(example.row);
    EXPECT_EQ(&shape_of(row), GetParam()) << example.row;
    EXPECT_EQ(describe_group(read_row(*GetParam(), row)), example.expected) << example.row;
  }
}

// A value of another type under one key: read or refused with a reason, never anything else.
void expect_group_or_reason(const json& row) {
  try {
    (void)read_row(shape_of(row), row);
  } catch (const DataError& error) {
    EXPECT_STRNE(error.what(), "");
  }
}

TEST_P(EveryShape, SurvivesAnyTypeUnderAnyOfItsKeys) {
  const json odd[] = {
      7, -1.5, true, "text", json::array(), json::object(), json::array({1, nullptr}), json::array({json::object()})};
  for (const ShapeExample& example : GetParam()->examples) {
    const json row = json::parse(example.row);
    for (const auto& [key, unused] : row.items()) {
      json changed = row;
      for (const json& value : odd) {
        changed[key] = value;
        expect_group_or_reason(changed);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryShape, ::testing::ValuesIn(all_shapes().begin(), all_shapes().end()),
                         [](const auto& row) { return std::string(row.param->name); });

Group read(const std::string& text) {
  const json row = json::parse(text);
  return read_row(shape_of(row), row);
}

std::string reason(const std::string& text) {
  return io::message_of<DataError>([&] { (void)read(text); });
}

TEST(RowShapes, RefuseUnknownRowsWithKeysAndTheNearestShape) {
  EXPECT_EQ(reason(R"({"prompt":"q","choosen":"a","rejected":"b"})"),
            "no known row shape: it has the keys prompt, choosen, rejected; the nearest shape is dialogue (chosen and "
            "rejected transcripts with Human: and Assistant: turns), which also needs chosen; perhaps `rename` "
            "choosen=chosen");
}

TEST(RowShapes, RefuseSingleAnswersAndSteps) {
  EXPECT_THAT(reason(R"({"prompt":"q","completion":"7","label":true})"), HasSubstr("not a comparison"));
  EXPECT_THAT(reason(R"({"prompt":"q","completions":["a","b"],"labels":[true,false]})"), HasSubstr("step labels"));
}

TEST(RowShapes, KeepPromptsToolsAndNames) {
  const Group group = read(R"({"prompt":"q","system":"be brief","chosen":"a","rejected":"b","id":7,"subset":"s",
                              "source":"x","tools":"[{\"name\":\"f\"}]","chat_template_kwargs":{"k":1}})");
  ASSERT_EQ(group.prompt.messages.size(), 2u);
  EXPECT_EQ(group.prompt.messages[0].role, "system");
  EXPECT_EQ(group.prompt.tools_json, R"([{"name":"f"}])");
  EXPECT_EQ(group.prompt.template_kwargs_json, R"({"k":1})");
  EXPECT_EQ(group.id + group.subset + group.source, "7sx");
}

TEST(RowShapes, ImplicitPromptIsTheSharedMessages) {
  const Group group = read(R"({"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"},
      {"role":"user","content":"r"},{"role":"assistant","content":"b"}],"rejected":[{"role":"user","content":"q"},
      {"role":"assistant","content":"a"},{"role":"user","content":"r"},{"role":"assistant","content":"b and more"}]})");
  EXPECT_EQ(group.prompt.messages.size(), 3u);
  EXPECT_EQ(group.responses[1].content, "b and more");
}

TEST(RowShapes, EqualAnswersAndBeginningsAreRefused) {
  const std::string user = R"({"role":"user","content":"q"})";
  const std::string answer = R"({"role":"assistant","content":"a"})";
  EXPECT_EQ(reason(R"({"prompt":"q","chosen":"a","rejected":"a"})"), "chosen and rejected are equal");
  EXPECT_EQ(reason(R"({"chosen":[)" + user + "," + answer + R"(],"rejected":[)" + user + "," + answer + "]}"),
            "chosen and rejected are equal");
  EXPECT_THAT(reason(R"({"chosen":[)" + user + R"(],"rejected":[)" + user + "," + answer + "]}"),
              HasSubstr("chosen is the beginning of rejected"));
}

TEST(RowShapes, NumericLabelsOfTwoAnswersAreAmbiguous) {
  EXPECT_THAT(reason(R"({"prompt":"q","response_a":"a","response_b":"b","label":1})"), HasSubstr("use p_a"));
  EXPECT_THAT(reason(R"({"prompt":"q","response_a":"a","response_b":"b","p_a":1.5})"), HasSubstr("between 0 and 1"));
  EXPECT_THAT(reason(R"({"model_a":"x","model_b":"y","winner":"modle_a"})"), HasSubstr("unknown verdict 'modle_a'"));
}

TEST(RowShapes, TablesAndRankingsAreChecked) {
  EXPECT_THAT(reason(R"({"prompt":"p","responses":["a","b"],"table":[[0.5,0.8],[0.3,0.5]]})"), HasSubstr("must be 1"));
  EXPECT_THAT(reason(R"({"prompt":"p","responses":["a","b"],"table":[[0,3],[-3,0]]})"), HasSubstr("probabilities"));
  EXPECT_THAT(reason(R"({"prompt":"p","responses":["a","b"],"ranking":[0,0]})"), HasSubstr("twice"));
  EXPECT_THAT(reason(R"({"prompt":"p","responses":["a","b"],"ranking":[0,2]})"), HasSubstr("index from 0 to 1"));
  EXPECT_THAT(reason(R"({"prompt":"p","responses":["a","b"],"outcomes":"WW"})"), HasSubstr("2 responses have 1 pairs"));
  EXPECT_THAT(reason(R"({"prompt":"p","responses":["a","b"],"outcomes":"?"})"), HasSubstr("position 0"));
  EXPECT_THAT(reason(R"({"prompt":"p","responses":["a","b"],"outcomes":"W","ranking":[0,1]})"), HasSubstr("keep one"));
}

}  // namespace
}  // namespace rondo::data
