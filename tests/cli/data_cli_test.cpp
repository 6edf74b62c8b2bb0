// SPDX-License-Identifier: Apache-2.0
// `rondo data` as people call it: output, exit codes, files.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "rondo/io/test_folder.h"
#include "tests/support/program.h"

namespace rondo {
namespace {

using ::testing::HasSubstr;

class DataVerb : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
    for (int n = 0; n < 60; ++n) {
      const std::string prompt = std::to_string(n);
      rows_.append(R"({"prompt":")")
          .append(prompt)
          .append(R"(","chosen":"yes )")
          .append(prompt)
          .append("\",\"rejected\":\"no\"}\n");
    }
    file_ = folder_.write("pairs.jsonl", rows_);
  }

  static testing::Call call(const std::string& arguments) { return testing::rondo("data " + arguments); }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  io::TestFolder folder_;
  std::string rows_;
  std::string file_;
};

TEST_F(DataVerb, CheckPrintsWhatAFileHolds) {
  const testing::Call result = call("check " + file_ + " --quiet --json " + at("out.json"));
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("pair (60 rows)"));
  EXPECT_THAT(result.output, HasSubstr("60 read, 0 rejected"));
  const auto json = nlohmann::json::parse(io::TestFolder::read(folder_ / "out.json"));
  EXPECT_EQ(json["groups"], 60);
  EXPECT_EQ(json["responses_per_group"]["max"], 2);
  EXPECT_EQ(json["content_hash"].get<std::string>().size(), 64u);
}

TEST_F(DataVerb, CheckListsBadRowsAndFailsBeyondTheLimit) {
  const std::string bad = folder_.write("bad.jsonl", rows_ + "{\"a\":1}\nnonsense\n");
  const testing::Call result = call("check " + bad + " --quiet --rejected-out " + at("rejected.jsonl"));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.output, HasSubstr("row 61: no known row shape"));
  EXPECT_THAT(result.output, HasSubstr("2 of 62 rows cannot be used, 0 are allowed"));
  const std::string rejected = io::TestFolder::read(folder_ / "rejected.jsonl");
  EXPECT_THAT(rejected, HasSubstr("\"row\":62"));
  EXPECT_EQ(call("check " + bad + " --quiet --max-bad 2").exit_code, 0);
}

TEST_F(DataVerb, CheckListsColumnsThatNobodyRead) {
  const std::string file = folder_.write("arena.jsonl", R"({"model_a":"m","model_b":"n","winner":"model_b",
"conversation_a":[{"role":"user","content":"q"},{"role":"assistant","content":"x"}],
"conversation_b":[{"role":"user","content":"q"},{"role":"assistant","content":"y"}],"judge":null,"turn":1})");
  std::string line = io::TestFolder::read(file);
  std::erase(line, '\n');
  folder_.write("arena.jsonl", line + "\n" + R"({"prompt":"q","chosen":"a","rejected":"b","turn":2})");
  const testing::Call result = call("check " + file + " --quiet --json " + at("out.json"));
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("columns not read   model_a (1 rows), model_b (1 rows), turn (2 rows)"));
  const auto json = nlohmann::json::parse(io::TestFolder::read(folder_ / "out.json"));
  EXPECT_EQ(json["unread_columns"]["turn"], 2);
}

// Names of models are items for programs that rate items, and no texts for those that read texts.
TEST_F(DataVerb, RowsOfNamesAreNoTexts) {
  const std::string file = folder_.write("battles.jsonl", R"({"model_a":"m","model_b":"n","winner":"model_b"})");
  EXPECT_THAT(call("check --quiet " + file).output, HasSubstr("battle (1 rows)"));
  EXPECT_EQ(call("convert --quiet " + file + " --out " + at("c.jsonl")).exit_code, 0);
  EXPECT_THAT(io::TestFolder::read(folder_ / "c.jsonl"), HasSubstr(R"("responses":["m","n"])"));
}

TEST_F(DataVerb, RenamesStandBeforeTheFile) {
  const std::string other = folder_.write("o.jsonl", R"({"q":"p","good":"a","rejected":"b"})");
  const testing::Call result = call("check --quiet --rename q=prompt --rename good=chosen " + other);
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST_F(DataVerb, ReadsStandardInput) {
  EXPECT_THAT(call("check --quiet - < " + file_).output, HasSubstr("60 read, 0 rejected"));
}

TEST_F(DataVerb, ConvertKeepsTheContent) {
  for (const char* name : {"c.jsonl", "c.jsonl.gz"}) {
    ASSERT_EQ(call("convert --quiet " + file_ + " --out " + at(name)).exit_code, 0);
    const testing::Call before = call("check --quiet " + file_);
    const testing::Call after = call("check --quiet " + at(name));
    const auto hash = [](const std::string& text) { return text.substr(text.find("sha256")); };
    EXPECT_EQ(hash(before.output), hash(after.output));
  }
}

TEST_F(DataVerb, SplitDividesAndReportsSharedTexts) {
  const std::string outs = " --train-out " + at("train.jsonl") + " --test-out " + at("test.jsonl");
  const testing::Call result = call("split --quiet --test-fraction 0.3 " + file_ + outs);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("1 response texts stand in both parts"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "train.jsonl") && std::filesystem::exists(folder_ / "test.jsonl"));
  const std::string one = folder_.write("one.jsonl", R"({"prompt":"p","chosen":"a","rejected":"b"})");
  const testing::Call failed =
      call("split --quiet " + one + " --train-out " + at("x.jsonl") + " --test-out " + at("y.jsonl"));
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_THAT(failed.output, HasSubstr("fall on one side"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "x.jsonl"));
}

TEST_F(DataVerb, WrongCallsSayWhatToDo) {
  EXPECT_EQ(call("").exit_code, 2);
  EXPECT_EQ(call("check").exit_code, 2);
  EXPECT_EQ(call("check " + file_ + " --rename x").exit_code, 2);
  EXPECT_EQ(call("convert " + file_ + " --out " + at("x.csv")).exit_code, 2);
  const testing::Call missing = call("check " + at("none.jsonl"));
  EXPECT_EQ(missing.exit_code, 5);
  EXPECT_THAT(missing.output, HasSubstr("no such file or folder; check the path"));
}

}  // namespace
}  // namespace rondo
