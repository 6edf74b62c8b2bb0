// SPDX-License-Identifier: Apache-2.0
// `rondo tokenize`, `rondo template` and what `rondo inspect` says of a tokenizer, as people call them.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "rondo/io/test_folder.h"
#include "tests/support/program.h"

namespace rondo {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

class TextVerbs : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
    const std::string words = folder_.write("words.txt", "red\nblue\nuser\nassistant\nsystem\n");
    model_ = at("model");
    const auto made = testing::rondo("init --layers 1 --hidden 32 --quiet --words " + words + " --out " + model_);
    ASSERT_EQ(made.exit_code, 0) << made.output;
  }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  std::vector<Json> rows_of(const std::string& name) const {
    std::vector<Json> rows;
    std::istringstream lines(io::TestFolder::read(folder_ / name));
    for (std::string line; std::getline(lines, line);) rows.push_back(Json::parse(line));
    return rows;
  }

  void write_model_file(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((std::filesystem::path(model_) / name).parent_path());
    std::ofstream(std::filesystem::path(model_) / name) << text;
  }

  io::TestFolder folder_;
  std::string model_;
};

// <unk> 0, <s> 1, </s> 2, red 3, blue 4
TEST_F(TextVerbs, TokenizeWritesARowPerRow) {
  const std::string data = folder_.write("in.jsonl", R"({"text": "red blue"}
{"text": "red green", "add_special_tokens": false}

{"text": ""}
)");
  const auto call = testing::rondo("tokenize --model " + model_ + " --data " + data + " --out " + at("out.jsonl"));
  EXPECT_EQ(call.exit_code, 0) << call.output;
  const auto rows = rows_of("out.jsonl");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1]["ids"], Json({3, 0}));
  EXPECT_EQ(rows[1]["pieces"], Json({"red", "<unk>"}));
  EXPECT_EQ(rows[1]["decoded"], "red <unk>");
  EXPECT_EQ(rows[0]["pieces"].size(), rows[0]["ids"].size());
}

TEST_F(TextVerbs, TokenizeNamesTheBadRow) {
  const std::string data = folder_.write("in.jsonl", "{\"text\": \"red\"}\n{\"txt\": \"red\"}\n");
  const auto call = testing::rondo("tokenize --model " + model_ + " --data " + data + " --out " + at("out.jsonl"));
  EXPECT_EQ(call.exit_code, 3);
  EXPECT_THAT(call.output, HasSubstr("row 2"));
  EXPECT_THAT(call.output, HasSubstr("'text' is missing"));
  EXPECT_FALSE(std::filesystem::exists(at("out.jsonl")));
  const std::string broken = folder_.write("broken.jsonl", "{\"text\": \"red\"}\n{\"text\": \n");
  EXPECT_THAT(testing::rondo("tokenize --model " + model_ + " --data " + broken + " --out " + at("o")).output,
              HasSubstr("row 2"));
}

TEST_F(TextVerbs, TokenizeRefusesSentencePieceWithTheCommandThatConvertsIt) {
  std::filesystem::remove(std::filesystem::path(model_) / "tokenizer.json");
  write_model_file("tokenizer.model", "x");
  const auto call = testing::rondo("tokenize --model " + model_ + " --text red");
  EXPECT_EQ(call.exit_code, 4);
  EXPECT_THAT(call.output, HasSubstr("convert it: python3 -c"));
}

TEST_F(TextVerbs, TemplateWritesTextsErrorsAndGeneration) {
  const std::string file = folder_.write(
      "t.jinja",
      "{% if messages|length > 1 %}{{ raise_exception('too many') }}{% endif %}{{ messages[0].content }}|{{ bos_token "
      "}}|{{ tools|length if tools else 'none' }}|{{ documents[0].title if documents }}|{{ style }}{% generation "
      "%}g{% endgeneration %}");
  const std::string data = folder_.write(
      "in.jsonl",
      R"({"messages": [{"role": "user", "content": "hi"}], "bos_token": "<s>", "tools": [{"a": 1}], "documents": [{"title": "T"}], "kwargs": {"style": "S"}}
{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}
{"messages": []}
)");
  const auto call = testing::rondo("template --template " + file + " --data " + data + " --out " + at("out.jsonl"));
  EXPECT_EQ(call.exit_code, 0) << call.output;
  const auto rows = rows_of("out.jsonl");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0]["text"], "hi|<s>|1|T|Sg");
  EXPECT_EQ(rows[0]["generation"], Json({{12, 13}}));
  EXPECT_EQ(rows[1]["error"], "too many");
  EXPECT_EQ(rows[1]["error_type"], "raise_exception");
  EXPECT_EQ(rows[2]["error_type"], "UndefinedError");
  const std::string bad = folder_.write("bad.jsonl", "{\"messages\": []}\n{\"messages\": 3}\n");
  const auto refused = testing::rondo("template --template " + file + " --data " + bad + " --out " + at("o"));
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.output, HasSubstr("row 2"));
}

TEST_F(TextVerbs, TemplateTakesNamedOnesOfAModel) {
  write_model_file("chat_template.jinja", "default");
  write_model_file("additional_chat_templates/short.jinja", "short");
  const std::string data = folder_.write("in.jsonl", "{\"messages\": []}\n");
  const std::string start = "template --model " + model_ + " --data " + data + " --out " + at("out.jsonl");
  EXPECT_EQ(testing::rondo(start).exit_code, 0);
  EXPECT_EQ(rows_of("out.jsonl")[0]["text"], "default");
  EXPECT_EQ(testing::rondo(start + " --name short").exit_code, 0);
  EXPECT_EQ(rows_of("out.jsonl")[0]["text"], "short");
  const auto unknown = testing::rondo(start + " --name shrt");
  EXPECT_EQ(unknown.exit_code, 4);
  EXPECT_THAT(unknown.output, HasSubstr("known: default, short"));
}

TEST_F(TextVerbs, ExplainShowsPartsPositionsAndMissingTokens) {
  write_model_file("chat_template.jinja",
                   "{% for m in messages %}{{ m.role }} {{ m.content }} {% endfor %}{% if add_generation_prompt "
                   "%}assistant {% endif %}");
  const std::string data = folder_.write(
      "in.jsonl", R"({"messages": [{"role": "user", "content": "red"}, {"role": "assistant", "content": "blue"}]}
)");
  const std::string start = "tokenize --explain --model " + model_ + " --data " + data;
  const auto call = testing::rondo(start);
  EXPECT_EQ(call.exit_code, 0) << call.output;
  EXPECT_THAT(call.output, HasSubstr("rendered: \"user red assistant blue \""));
  EXPECT_THAT(call.output, HasSubstr("prompt    5..8         \"red\""));
  EXPECT_THAT(call.output, HasSubstr("response  19..23       \"blue\""));
  EXPECT_THAT(call.output, HasSubstr("4 tokens: prompt 0..3, response 3..4"));
  EXPECT_THAT(call.output, HasSubstr("score read at: 3  gate read at: 2"));
  EXPECT_THAT(call.output, HasSubstr("there is no EOS at the end"));
  EXPECT_THAT(testing::rondo(start + " --bos double").output, HasSubstr("BOS stands twice"));
}

TEST_F(TextVerbs, InspectSaysWhoseTokenizerItIs) {
  EXPECT_THAT(testing::rondo("inspect " + model_).output, HasSubstr("as tokenizer.json says"));
}

}  // namespace
}  // namespace rondo
