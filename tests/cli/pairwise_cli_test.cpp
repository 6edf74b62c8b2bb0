// SPDX-License-Identifier: Apache-2.0
// Pairwise models through the program: a fresh head is trained, evaluated and ranked with, published ones are saved
// under their authors' names, and what does not fit is refused in which words.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "rondo/io/json.h"
#include "rondo/io/test_folder.h"
#include "tests/support/program.h"
#include "tests/support/shared_data.h"

namespace rondo {
namespace {

using nlohmann::json;
using testing::Call;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kRows =
    R"({"prompt":"play fair ","responses":["rock","paper","scissors"],"comparisons":[{"i":1,"j":0},{"i":2,"j":1},{"i":0,"j":2}]}
{"prompt":"play strange ","responses":["rock","paper","scissors"],"comparisons":[{"i":0,"j":1},{"i":1,"j":2},{"i":2,"j":0}]}
)";

class PairwiseVerbs : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
    folder_.write("words.txt",
                  "play\nfair\nstrange\nalone\nrock\npaper\nscissors\nA\nB\n[CONTEXT]\n[RESPONSE\nA]\nB]\n");
    folder_.write("rows.jsonl", kRows);
    // In the words of the published fixtures.
    folder_.write("words.jsonl",
                  R"({"prompt":"w1 ","responses":["w2","w3 w4","w5"],"comparisons":[{"i":1,"j":0},{"i":2,"j":1}]})"
                  "\n");
    ASSERT_EQ(call("init --layers 1 --hidden 16 --heads 2 --inner 32 --words $F/words.txt --out $F/base").exit_code, 0);
  }
  // $F stands for the test's folder, $P for the published fixtures.
  Call call(std::string arguments) const {
    const std::pair<const char*, std::string> names[] = {{"$F", folder_.path().string()},
                                                         {"$P", (testing::fixture_folder() / "published").string()}};
    for (const auto& [name, value] : names) {
      for (size_t at = 0; (at = arguments.find(name, at)) != std::string::npos;) arguments.replace(at, 2, value);
    }
    return testing::rondo(arguments + " --threads 1");
  }
  // At higher rates some seeds come to rest where both orders of a pair look alike, and rounding decides which seeds.
  std::string train(const std::string& name, const std::string& more) const {
    return "train --model $F/base --data $F/rows.jsonl --lr 1e-3 --batch-groups 3 --no-report --out $F/" + name + " " +
           more;
  }
  void expect_refused(const std::string& arguments, int exit_code, const std::string& sentence) const {
    const Call refused = call(arguments);
    EXPECT_EQ(refused.exit_code, exit_code) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr(sentence)) << arguments;
  }
  io::TestFolder folder_;
};

TEST_F(PairwiseVerbs, TrainEvaluateRankAndVerify) {
  for (const std::string head : {"pair", "pair_lm"}) {
    const std::string model = "$F/" + head;
    const Call trained = call(train(head, "--steps 500 --token-budget 40 --head " + head));
    ASSERT_EQ(trained.exit_code, 0) << trained.output;
    const Call judged = call("eval --model " + model + " --data $F/rows.jsonl --swap-check");
    EXPECT_THAT(judged.output, HasSubstr("accuracy    100.0 %")) << head;
    EXPECT_THAT(judged.output, HasSubstr("largest |s(i,j) + s(j,i)| = 0\n"));
    EXPECT_THAT(judged.output,
                HasSubstr("12 queries (one per ordered pair; a head that reads responses alone asks 6)"));
    folder_.write("alone.jsonl", R"({"prompt":"play fair ","responses":["rock"]})");
    const Call ranked = call("rank --model " + model + " --data $F/alone.jsonl --out -");
    EXPECT_THAT(ranked.output, HasSubstr("\"order\":[0]"));
    EXPECT_THAT(ranked.output, HasSubstr("0 queries (one per ordered pair; a head that reads responses alone asks 1)"));
    ASSERT_EQ(call("verify " + model + " --record $F/record.json").exit_code, 0);
    EXPECT_THAT(call("verify " + model + " --reference $F/record.json").output, HasSubstr("largest difference 0 "));
    EXPECT_THAT(call("inspect " + model).output, HasSubstr("pairwise turn"));
  }
}

TEST_F(PairwiseVerbs, LengthLimitsAreOfBothResponsesTogether) {
  const std::string rows =
      R"({"prompt":"play fair play fair play fair ","responses":["rock","paper","rock rock rock rock rock rock"],"comparisons":[{"i":0,"j":1},{"i":1,"j":2}]})";
  folder_.write("long.jsonl", rows + "\n");
  const std::string base = "train --model $F/base --head pair --data $F/long.jsonl --steps 1 --no-report ";
  expect_refused(base + "--max-length 18 --out $F/a", 3, "tokens hold the prompt and two responses");
  expect_refused(base + "--max-length 18 --overlong truncate-right --out $F/b", 2,
                 "would cut the second response alone");
  expect_refused(base + "--max-length 4 --overlong truncate-left --out $F/c", 3, "the prompt is shorter than the cut");
  EXPECT_THAT(call(base + "--max-length 18 --overlong drop --out $F/d").output, HasSubstr("1 dropped, 0 truncated"));
  const Call cut = call(base + "--max-length 18 --overlong truncate-left --out $F/e");
  EXPECT_EQ(cut.exit_code, 0) << cut.output;
  EXPECT_THAT(cut.output, HasSubstr("0 dropped, 2 truncated"));
}

TEST_F(PairwiseVerbs, RefuseWhatDoesNotFit) {
  expect_refused(train("x", "--head pair --pairwise marks"), 2, "pair_rm reads marks");
  expect_refused(train("x", "--head pair_lm --pooling mean"), 2, "read at the end of the sequence");
  expect_refused(train("x", "--head pair --eos force_last"), 2, "one of the second response");
  expect_refused(train("x", "--head gpm --pairwise turn"), 2, "reads responses alone");
  expect_refused(train("x", "--head pair --lm-weight 0.5"), 2, "needs sequences of one response");
  expect_refused(train("y", "--head pair --center 0.5"), 2, "needs rewards");
  expect_refused(train("x", "--head pair --pooling response_end"), 2, "a pairwise model reads two responses");
  expect_refused(train("x", "--head pair_rm"), 4, "it has no token <|source|>");
  folder_.write("no_answers.txt", "play\nfair\nrock\n");
  ASSERT_EQ(call("init --layers 1 --hidden 16 --heads 2 --words $F/no_answers.txt --out $F/mute").exit_code, 0);
  expect_refused("train --model $F/mute --head pair_lm --data $F/rows.jsonl --out $F/x", 4, "two answers");
  expect_refused("import --from $P/pair_lm --out $F/x --head pair_lm --norm unit", 2,
                 "does not belong to a pair_lm head");
  ASSERT_EQ(call(train("pair", "--steps 1 --head pair")).exit_code, 0);
  expect_refused("export --model $F/pair --out $F/x --format transformers", 4, "no class for a pair head");
  json config = io::read_json_file(folder_ / "pair" / "config.json");
  config["rondo"]["head"]["kind"] = "pair_lm";
  folder_.write("pair/config.json", config.dump());
  expect_refused("inspect $F/pair", 4, "expected two different token ids");
}

TEST_F(PairwiseVerbs, JudgeSamplesAndPolicies) {
  ASSERT_EQ(call(train("pair", "--steps 30 --head pair")).exit_code, 0);
  for (const std::string format : {"rondo", "sppo", "gpm", "simpo", "online_rlhf", "openrlhf"}) {
    const Call scored = call("score --model $F/pair --data $F/rows.jsonl --format " + format + " --out $F/" + format);
    EXPECT_EQ(scored.exit_code, 0) << scored.output;
    EXPECT_THAT(scored.output, HasSubstr("12 queries (one per ordered pair")) << format;
  }
  ASSERT_EQ(call("score --model $F/pair --data $F/rows.jsonl --with-scores --out $F/scored.jsonl").exit_code, 0);
  const std::string play =
      "align --policy $F/base --judge $F/pair --prompts $F/rows.jsonl --responses 3 --max-new-tokens 3 --steps 2 ";
  for (const std::string objective : {"gpo", "sppo", "dsppo", "gprl"}) {
    const Call played = call(play + "--iterations 1 --objective " + objective + " --out $F/play-" + objective);
    EXPECT_EQ(played.exit_code, 0) << objective << played.output;
  }
  const json manifest = io::read_json_file(folder_ / "play-gpo" / "iteration-001" / "manifest.json");
  EXPECT_EQ(manifest["queries"], 2 * 3 * 2);
  const Call refreshed =
      call(play + "--iterations 2 --objective sppo --refresh-judge 1:2 --referee $F/pair --out $F/fresh");
  EXPECT_EQ(refreshed.exit_code, 0) << refreshed.output;
}

// What a base holds of a head must not stand in the way of an adapter's own.
TEST_F(PairwiseVerbs, AdaptersOpenAgainOnABaseWithAHead) {
  ASSERT_EQ(call(train("pair", "--steps 2 --head pair")).exit_code, 0);
  const std::string more = " --lora-rank 2 --data $F/words.jsonl --steps 3 --no-report ";
  ASSERT_EQ(
      call("train --model $F/pair --out $F/one --lora-rank 2 --data $F/rows.jsonl --steps 3 --no-report").exit_code, 0);
  ASSERT_EQ(call("train --model $P/llama --head pair --out $F/two" + more).exit_code, 0);
  ASSERT_EQ(call("train --model $P/pair_rm --out $F/three" + more).exit_code, 0);
  for (const std::string name : {"one", "two", "three"}) {
    const Call recorded = call("verify $F/" + name + " --record $F/" + name + ".json");
    ASSERT_EQ(recorded.exit_code, 0) << recorded.output;
    ASSERT_EQ(call("export --model $F/" + name + " --merge --out $F/merged-" + name).exit_code, 0);
    const Call verified = call("verify $F/merged-" + name + " --reference $F/" + name + ".json");
    EXPECT_EQ(verified.exit_code, 0) << verified.output;
  }
  const std::string weights = io::TestFolder::read(folder_ / "three" / "adapter_model.safetensors").substr(0, 8192);
  EXPECT_THAT(weights, HasSubstr("head_layer.1.weight"));
  EXPECT_THAT(weights, Not(HasSubstr("word_embeddings")));
}

TEST_F(PairwiseVerbs, ImportRecordsWhatAPairwiseClassDoesNotSay) {
  const Call imported = call("import --from $P/pair_rm --out $F/prm --tau 2");
  ASSERT_EQ(imported.exit_code, 0) << imported.output;
  const json config = io::read_json_file(folder_ / "prm" / "config.json");
  EXPECT_EQ(config["architectures"], json({"DebertaV2PairRM"}));
  EXPECT_EQ(config["rondo"]["head"]["tau"], 2);
  // What is recorded already is kept.
  ASSERT_EQ(call("import --from $F/prm --out $F/again").exit_code, 0);
  EXPECT_EQ(io::read_json_file(folder_ / "again" / "config.json")["rondo"]["head"]["tau"], 2);
  EXPECT_EQ(call("verify $F/prm --reference $P/pair_rm/record_as_it_stands.json").exit_code, 0);
  ASSERT_EQ(
      call("train --model $P/pair_rm --head pair --data $F/words.jsonl --steps 1 --no-report --out $F/other").exit_code,
      0);
  EXPECT_EQ(io::read_json_file(folder_ / "other" / "config.json")["architectures"], json({"DebertaV2Model"}));
  ASSERT_EQ(call("import --from $P/pair_lm --out $F/plm --preset rlhflow_pair").exit_code, 0);
  json answers = io::read_json_file(folder_ / "plm" / "config.json");
  answers["rondo"]["head"]["answers"] = {16, 999};
  folder_.write("plm/config.json", answers.dump());
  expect_refused("inspect $F/plm", 4, "token 999, the vocabulary has 58");
}

// A text that is closed by EOS keeps the last word of the second response.
TEST_F(PairwiseVerbs, ReadEveryTokenOfBothResponses) {
  ASSERT_EQ(call(train("pair", "--steps 1 --head pair --eos append")).exit_code, 0);
  const Call ranked = call("rank --model $F/pair --data $F/rows.jsonl --with token_ids");
  // Three special tokens, then the words in the order of the list; rock, paper and scissors lie together.
  constexpr int64_t kRock = 3 + 4;
  std::istringstream lines(ranked.output);
  int64_t sequences = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("{")) continue;
    const json row = json::parse(line);
    for (size_t k = 0; k < row["token_ids"].size(); ++k, ++sequences) {
      std::vector<int64_t> shown;
      for (const int64_t id : row["token_ids"][k]) {
        if (id >= kRock && id < kRock + 3) shown.push_back(id - kRock);
      }
      EXPECT_EQ(json(shown), row["token_pairs"][k]) << line;
    }
  }
  EXPECT_EQ(sequences, 12);
}

TEST_F(PairwiseVerbs, RefuseWhatTheyWouldNotSee) {
  ASSERT_EQ(call(train("pair", "--steps 1 --head pair")).exit_code, 0);
  folder_.write(
      "tools.jsonl",
      R"({"prompt":[{"role":"user","content":"play fair "}],"tools":[{"name":"x"}],"responses":["rock","paper"],"comparisons":[{"i":0,"j":1}]})");
  expect_refused("rank --model $F/pair --data $F/tools.jsonl", 3, "tools or further keys");
  expect_refused("tokenize --model $F/pair --text rock --explain", 2, "this model reads two");
  folder_.write("equal.jsonl", R"({"prompt":"play fair ","responses":["rock","rock"],"comparisons":[{"i":0,"j":1}]})");
  expect_refused("eval --model $F/pair --data $F/equal.jsonl", 3, "no comparison");
}

TEST_F(PairwiseVerbs, SaveAPublishedModelUnderItsAuthorsNames) {
  ASSERT_EQ(call("export --model $P/pair_rm --out $F/out").exit_code, 0);
  const Call verified = call("verify $F/out --reference $P/pair_rm/record_as_it_stands.json");
  EXPECT_EQ(verified.exit_code, 0) << verified.output;
  const std::string weights = io::TestFolder::read(folder_ / "out" / "model.safetensors").substr(0, 8192);
  EXPECT_THAT(weights, HasSubstr("\"pretrained_model.embeddings.word_embeddings.weight\""));
  EXPECT_THAT(weights, HasSubstr("\"head_layer.4.bias\""));
  EXPECT_THAT(weights, Not(HasSubstr("\"deberta.")));
  EXPECT_EQ(io::read_json_file(folder_ / "out" / "config.json")["architectures"], json({"DebertaV2PairRM"}));
  // A lost layer of the head is missed.
  json config = io::read_json_file(folder_ / "out" / "config.json");
  config["rondo"]["head"]["outputs"] = 3;
  folder_.write("out/config.json", config.dump());
  expect_refused("inspect $F/out", 4, "shape [2, 16], expected [3, 16]");
}

}  // namespace
}  // namespace rondo
