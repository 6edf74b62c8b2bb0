// SPDX-License-Identifier: Apache-2.0
// `rondo generate` as people call it: rows, seeds, a run that is killed and continued, mistakes.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "rondo/io/test_folder.h"
#include "tests/support/program.h"

namespace rondo {
namespace {

using ::testing::HasSubstr;

class GenerateVerb : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
    folder_.write("words.txt", "a\nb\nc\nd\n");
    std::string rows;
    for (int n = 0; n < 60; ++n)
      rows += R"({"id":)" + std::to_string(n) + R"(,"prompt":"a b )" + (n % 2 ? "c " : "d ") + "\"}\n";
    folder_.write("prompts.jsonl", rows);
    const testing::Call made = testing::rondo("init --layers 1 --hidden 16 --words " + at("words.txt") + " --out " +
                                              at("policy") + " --quiet");
    ASSERT_EQ(made.exit_code, 0) << made.output;
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  std::string command(const std::string& out, const std::string& more = "") const {
    return "generate --model " + at("policy") + " --data " + at("prompts.jsonl") + " --out " + at(out) +
           " --responses 3 --max-new-tokens 6 --threads 1 " + more;
  }
  std::string read(const std::string& name) const { return io::TestFolder::read(folder_ / name); }
  io::TestFolder folder_;
};

TEST_F(GenerateVerb, WritesARowPerPrompt) {
  const testing::Call made = testing::rondo(command("out.jsonl", "--with-ids"));
  ASSERT_EQ(made.exit_code, 0) << made.output;
  EXPECT_THAT(made.output, HasSubstr("60 prompts, 180 responses"));
  std::istringstream lines(read("out.jsonl"));
  int n = 0;
  for (std::string line; std::getline(lines, line); ++n) {
    const auto row = nlohmann::json::parse(line);
    EXPECT_EQ(row["id"], n);
    ASSERT_EQ(row["responses"].size(), 3u);
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(row["response_ids"][k].size(), row["tokens"][k]);
      EXPECT_TRUE(row["finish_reasons"][k] == "stop" || row["tokens"][k] == 6) << line;
    }
  }
  EXPECT_EQ(n, 60);
  // The rows are what `rank` reads.
  const testing::Call checked = testing::rondo("data check " + at("out.jsonl") + " --unlabelled --quiet");
  EXPECT_EQ(checked.exit_code, 0) << checked.output;
}

TEST_F(GenerateVerb, TheSeedDecidesAndTheBatchDoesNot) {
  ASSERT_EQ(testing::rondo(command("one.jsonl", "--seed 5")).exit_code, 0);
  ASSERT_EQ(testing::rondo(command("two.jsonl", "--seed 5 --token-budget 1")).exit_code, 0);
  ASSERT_EQ(testing::rondo(command("three.jsonl", "--seed 6")).exit_code, 0);
  EXPECT_EQ(read("one.jsonl"), read("two.jsonl"));
  EXPECT_NE(read("one.jsonl"), read("three.jsonl"));
}

TEST_F(GenerateVerb, AKilledRunContinuesToTheSameFile) {
  ASSERT_EQ(testing::rondo(command("whole.jsonl", "--token-budget 1")).exit_code, 0);
  const std::string killed = testing::program() + " " + command("cut.jsonl", "--token-budget 1");
  const testing::Call cut =
      testing::shell(killed + " & pid=$!; for i in $(seq 2000); do [ \"$(wc -l < " + at("cut.jsonl.part") +
                     " 2>/dev/null || echo 0)\" -ge 4 ] && break; sleep .005; done; kill -9 $pid; wait $pid; true");
  if (!std::filesystem::exists(folder_ / "cut.jsonl")) {
    // A row cut in the middle is made again.
    std::ofstream(at("cut.jsonl.part"), std::ios::app) << R"({"id":)";
    const testing::Call other = testing::rondo(command("cut.jsonl", "--token-budget 1 --temperature .5"));
    EXPECT_EQ(other.exit_code, 2);
    EXPECT_THAT(other.output, HasSubstr("another run was interrupted here"));
    const testing::Call resumed = testing::rondo(command("cut.jsonl", "--token-budget 1"));
    EXPECT_EQ(resumed.exit_code, 0) << resumed.output;
    EXPECT_THAT(resumed.output, HasSubstr("continuing behind"));
  }
  EXPECT_EQ(read("cut.jsonl"), read("whole.jsonl"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cut.jsonl.part"));
}

TEST_F(GenerateVerb, AnswersMistakesWithTheRemedy) {
  folder_.write("empty.jsonl", "");
  folder_.write("bad.jsonl", "{\"prompt\":\"a\"}\n{\"text\":1}\n");
  const std::string model = "generate --model " + at("policy") + " --out " + at("x.jsonl");
  const struct {
    std::string arguments;
    int exit_code;
    const char* text;
  } cases[] = {
      {"generate", 2, "--model"},
      {model, 2, "--data"},
      {model + " --data " + at("empty.jsonl"), 3, "the file has no rows"},
      {model + " --data " + at("bad.jsonl"), 3, "prompt"},
      {model + " --data " + at("none.jsonl"), 5, "none.jsonl"},
      {model + " --data " + at("prompts.jsonl") + " --max-new-tokens 100000", 3, "too long"},
      {command("no/such/folder/x.jsonl"), 5, "cannot write"},
  };
  for (const auto& c : cases) {
    const testing::Call made = testing::rondo(c.arguments);
    EXPECT_EQ(made.exit_code, c.exit_code) << c.arguments << "\n" << made.output;
    EXPECT_THAT(made.output, HasSubstr(c.text)) << c.arguments;
  }
}

}  // namespace
}  // namespace rondo
