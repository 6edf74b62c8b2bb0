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

// What is said to be unread changes nothing, and what is said to be read is missed.
TEST_P(EveryShape, SaysWhichColumnsItReads) {
  const auto outcome = [](const json& row) -> std::string {
    try {
      const Group group = read_row(*GetParam(), row);
      std::string prompt = group.prompt.text;
      for (const Message& m : group.prompt.messages) prompt += m.role + m.content + m.extra_json;
      return prompt + describe_group(group) + "/" + group.id + "/" + group.subset + "/" + group.source;
    } catch (const DataError& error) {
      return error.what();
    }
  };
  const json odd = json::array({7, "text", json::array({"other"}), json::object({{"other", 1}})});
  for (const ShapeExample& example : GetParam()->examples) {
    json row = json::parse(example.row);
    row["nobody"] = "reads this";
    row["nothing"] = nullptr;
    std::vector<std::string> unread;
    (void)read_row(*GetParam(), row, &unread);
    EXPECT_THAT(unread, ::testing::Contains("nobody"));
    EXPECT_THAT(unread, ::testing::Not(::testing::Contains("nothing")));
    row.erase("nothing");
    for (const auto& [key, unused] : row.items()) {
      const bool is_unread = std::find(unread.begin(), unread.end(), key) != unread.end();
      bool changes = false;
      for (const json& value : odd) {
        json changed = row;
        changed[key] = value;
        changes = changes || outcome(changed) != outcome(row);
      }
      EXPECT_EQ(changes, !is_unread) << key << " of " << example.row;
    }
  }
}

TEST_P(EveryShape, SaysWhatItsLabelMeans) { EXPECT_STRNE(GetParam()->label, ""); }

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
  EXPECT_EQ(
      reason(R"({"prompt":"q","choosen":"a","rejected":"b"})"),
      "no known row shape: it has the keys prompt, choosen, rejected; the nearest shape is pair (prompt, chosen "
      "and rejected, or chosen and rejected conversations (TRL, OpenRLHF, RewardBench 1)), which also needs chosen; "
      "perhaps `rename` choosen=chosen");
}

// A rename is proposed where the row can be read with it, not where two names are spelt alike.
TEST(RowShapes, ProposeRenamesThatFit) {
  EXPECT_THAT(reason(R"({"prompt":"q","completion":4,"complexions":1})"),
              ::testing::AllOf(HasSubstr("no known row shape"), HasSubstr("`rename` OLD=NEW names columns")));
  EXPECT_THAT(reason(R"({"prompt":"q","respons_a":"x","respons_b":"y","label":"a"})"),
              HasSubstr("perhaps `rename` respons_a=response_a, respons_b=response_b"));
  EXPECT_THAT(reason(R"({"prompt":"q","choosen":7.5,"rejected":["y"]})"), HasSubstr("choosen=chosen"));
  EXPECT_THAT(reason(R"({"prompt":"q","choosen":{"a":1},"rejected":"y"})"), HasSubstr("`rename` OLD=NEW"));
}

TEST(RowShapes, SayThatALabelIsNull) {
  EXPECT_THAT(reason(R"({"input":"q","output_1":"x","output_2":"y","label":null})"),
              HasSubstr("'label' is null; a row of the shape llmbar"));
  EXPECT_THAT(reason(R"({"prompt":"q","response_a":"x","response_b":"y","label":null})"), HasSubstr("'label' is null"));
  EXPECT_THAT(reason(R"({"prompt":"q","chosen":null,"rejected":"y"})"), HasSubstr("'chosen' is null"));
  EXPECT_THAT(reason(R"({"model_a":"x","model_b":"y","winner":null})"), HasSubstr("'winner' is null"));
  // A file of several shapes has a null wherever a row is of another one.
  EXPECT_EQ(describe_group(read(R"({"prompt":"q","chosen":"x","rejected":"y","responses":null,"label":null})")),
            "x|y; 0>1 p=1");
}

TEST(RowShapes, NamesOfModelsAreNoTextsWhereConversationsStandBeside) {
  EXPECT_THAT(reason(R"({"model_a":"m","model_b":"n","winner":"tie","turns_a":[{"role":"user","content":"q"}]})"),
              HasSubstr("'turns_a' holds a conversation"));
  EXPECT_THAT(reason(R"({"model_a":"m","model_b":"n","winner":"tie","conversation_a":[{"role":"user","content":"q"}],
      "conversation_b":null})"),
              HasSubstr("'conversation_a' holds a conversation"));
}

TEST(RowShapes, NamesOfRowsAreFoundUnderOtherNamesToo) {
  EXPECT_EQ(read(R"({"prompt":"q","chosen":["a"],"rejected":["b"],"domain":"math"})").subset, "math");
  EXPECT_EQ(read(R"({"prompt":"q","response 1":"a","response 2":"b","label":0,"scenario":"code"})").subset, "code");
  EXPECT_EQ(read(R"({"question":"q","response_A":"a","response_B":"b","label":"A>B","pair_id":7})").id, "7");
  EXPECT_EQ(read(R"({"question":"q","response_A":"a","response_B":"b","label":"A>B","pair_id":7,"id":"8"})").id, "8");
}

TEST(RowShapes, ScoresThatContradictAPairAreRefused) {
  EXPECT_THAT(reason(R"({"prompt":"q","chosen":"x","rejected":"y","score_chosen":1,"score_rejected":2})"),
              HasSubstr("'score_chosen' and 'score_rejected' contradict the pair"));
}

TEST(RowShapes, RefuseSingleAnswersAndSteps) {
  EXPECT_THAT(reason(R"({"prompt":"q","response":"x","helpfulness":4,"complexity":1})"), HasSubstr("ratings"));
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
