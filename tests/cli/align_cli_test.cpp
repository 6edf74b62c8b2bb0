// SPDX-License-Identifier: Apache-2.0
// `rondo align` as people call it.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "rondo/io/test_folder.h"
#include "tests/support/program.h"

namespace rondo {
namespace {

using ::testing::HasSubstr;

class AlignVerb : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
    game_ = folder_.write("rps.json", R"({"game": "rps", "table": [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]})");
  }
  static testing::Call call(const std::string& arguments) {
    return testing::rondo("align " + arguments + " --threads 1");
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  io::TestFolder folder_;
  std::string game_;
};

TEST_F(AlignVerb, PlaysAKnownGame) {
  const testing::Call made = call("tabular --game " + game_ + " --iterations 500 --step .2 --json " + at("out.json") +
                                  " --report " + at("out.html"));
  EXPECT_EQ(made.exit_code, 0) << made.output;
  EXPECT_THAT(made.output, HasSubstr("nash_md (magnet 0.05)"));
  const auto json = nlohmann::json::parse(io::TestFolder::read(folder_ / "out.json"));
  ASSERT_EQ(json["methods"].size(), 6u);
  for (const auto& method : json["methods"]) {
    EXPECT_EQ(method["last"].size(), 3u);
    EXPECT_EQ(method["gaps"].back()["iteration"], 500);
  }
  EXPECT_THAT(io::TestFolder::read(folder_ / "out.html"), HasSubstr("Self-play on rps"));
  const testing::Call one = call("tabular --game " + game_ + " --methods gpo --iterations 20 --sampled-groups 8");
  EXPECT_EQ(one.exit_code, 0) << one.output;
  EXPECT_THAT(one.output, ::testing::Not(HasSubstr("sppo")));
}

TEST_F(AlignVerb, AnswersMistakesWithTheRemedy) {
  const std::string broken = folder_.write("broken.json", R"({"table": [[0, 1], [1, 0]]})");
  const struct {
    std::string arguments;
    int exit_code;
    const char* text;
  } cases[] = {
      {"tabular", 2, "--game"},
      {"tabular --game " + at("none.json"), 5, "none.json"},
      {"tabular --game " + broken, 3, "s(1,2) + s(2,1) is 2"},
      {"tabular --game " + game_ + " --methods mvu", 2, "did you mean 'mwu'"},
      {"tabular --game " + game_ + " --methods mwu --sampled-groups 4", 2, "no sampled form"},
      {"tabular --game " + game_ + " --methods gpo --sampled-groups 4 --payoff probability", 2, "--payoff own"},
  };
  for (const auto& c : cases) {
    const testing::Call made = call(c.arguments);
    EXPECT_EQ(made.exit_code, c.exit_code) << c.arguments << "\n" << made.output;
    EXPECT_THAT(made.output, HasSubstr(c.text)) << c.arguments;
  }
}

}  // namespace
}  // namespace rondo
