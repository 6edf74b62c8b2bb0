// SPDX-License-Identifier: Apache-2.0
// The main job through the program: init, train, eval, rank, inspect, verify; runs that are killed at random moments.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "rondo/base/random.h"
#include "rondo/io/test_folder.h"
#include "tests/support/program.h"
#include "tests/support/run_files.h"

namespace rondo {
namespace {

using nlohmann::json;
using testing::Call;
using testing::Child;
using ::testing::HasSubstr;

// Rock, paper, scissors in two prompts, and a row with a soft label.
constexpr const char* kRows =
    R"({"prompt":"play fair ","responses":["rock","paper","scissors"],"comparisons":[{"i":1,"j":0},{"i":2,"j":1},{"i":0,"j":2}]}
{"prompt":"play strange ","responses":["rock","paper","scissors"],"comparisons":[{"i":0,"j":1},{"i":1,"j":2},{"i":2,"j":0}]}
{"prompt":"play soft ","response_a":"rock","response_b":"paper","p_a":0.7}
)";

class TrainVerb : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
    folder_.write("words.txt", "play\nfair\nstrange\nsoft\nrock\npaper\nscissors\n");
    folder_.write("rows.jsonl", kRows);
    ASSERT_EQ(call("init --layers 1 --hidden 16 --heads 2 --inner 32 --words $F/words.txt --out $F/base").exit_code, 0);
  }
  // $F stands for the test's folder.
  Call call(std::string arguments) const { return testing::rondo(expanded(std::move(arguments)) + " --threads 1"); }
  std::string expanded(std::string arguments) const {
    for (size_t at = 0; (at = arguments.find("$F", at)) != std::string::npos;)
      arguments.replace(at, 2, folder_.path().string());
    return arguments;
  }
  std::string train(const std::string& name, const std::string& more) const {
    return "train --model $F/base --head gpm --planes 3 --data $F/rows.jsonl --lr 1e-2 --batch-groups 3 --out $F/" +
           name + " " + more;
  }
  json read_json(const std::string& name) const { return json::parse(std::ifstream(folder_ / name)); }

  io::TestFolder folder_;
};

// Every family of the table can be made, trained and scored, and scores the same when it is opened again.
TEST_F(TrainVerb, WorksWithEveryFamily) {
  std::istringstream rows(call("list backbones").output);
  int64_t families = 0;
  for (std::string row; std::getline(rows, row); ++families) {
    const std::string name = row.substr(0, row.find(' '));
    const auto run = [&](const std::string& arguments) {
      const Call result = call(arguments);
      ASSERT_EQ(result.exit_code, 0) << name << ": " << result.output;
    };
    run("init --family " + name + " --layers 1 --hidden 16 --heads 2 --inner 32 --max-length 64 --words $F/words.txt " +
        "--out $F/base_" + name);
    run("train --model $F/base_" + name + " --head gpm --planes 2 --gate softmax --data $F/rows.jsonl --steps 2 " +
        "--batch-groups 3 --out $F/trained_" + name);
    run("verify $F/trained_" + name + " --record $F/record_" + name + ".json");
    run("verify $F/trained_" + name + " --reference $F/record_" + name + ".json");
    const Call inspected = call("inspect $F/trained_" + name + " --json -");
    EXPECT_EQ(json::parse(inspected.output)["family"], name);
    // An encoder's first token stands for the two texts that it reads.
    if (name == "llama" || name == "bert") {
      EXPECT_EQ(json::parse(inspected.output)["text"]["pooling"], name == "bert" ? "first" : "sequence_end");
    }
  }
  EXPECT_GE(families, 16);
}

TEST_F(TrainVerb, LearnsCyclesAndThePromptDecides) {
  const Call trained =
      call(train("gpm", "--steps 400 --gate softmax --eval-data $F/rows.jsonl --eval-every 50 --keep-best"));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "gpm/report.html"));
  ASSERT_EQ(call("eval --model $F/gpm --data $F/rows.jsonl --json $F/eval.json --swap-check").exit_code, 0);
  const json judged = read_json("eval.json");
  EXPECT_EQ(judged["accuracy"], 1.0);
  EXPECT_EQ(judged["cyclic_triads_right"], 1.0);
  EXPECT_EQ(judged["largest_swap_gap"], 0.0);
  const Call piped = call("eval --model $F/gpm --data $F/rows.jsonl --swap-check --quiet --json -");
  EXPECT_EQ(json::parse(piped.output), judged) << piped.output;
  // A wrong second name is said before the first model is judged.
  const Call wrong = call("eval --model $F/gpm --model $F/nowhere --data $F/rows.jsonl");
  EXPECT_EQ(wrong.exit_code, 4);
  EXPECT_THAT(wrong.output, ::testing::Not(HasSubstr("accuracy")));
  const Call ranked = call("rank --model $F/gpm --data $F/rows.jsonl --with all --out $F/ranked.jsonl");
  ASSERT_EQ(ranked.exit_code, 0) << ranked.output;
  EXPECT_THAT(ranked.output, HasSubstr("8 queries"));
  std::ifstream rows(folder_ / "ranked.jsonl");
  std::string line;
  std::getline(rows, line);
  const json row = json::parse(line);
  for (const char* key : {"order", "mean_scores", "best", "cycles", "embeddings", "scores", "probabilities",
                          "token_ids", "pooled_positions"}) {
    EXPECT_TRUE(row.contains(key)) << key;
  }
  EXPECT_GT(row["scores"][1][0], 0);
  EXPECT_EQ(row["cycles"].size(), 1u);
}

TEST_F(TrainVerb, RecordsVerifyAndDamageIsSeen) {
  ASSERT_EQ(call(train("gpm", "--steps 5")).exit_code, 0);
  ASSERT_EQ(call("verify $F/gpm --record $F/record.json").exit_code, 0);
  const Call same = call("verify $F/gpm --reference $F/record.json");
  EXPECT_EQ(same.exit_code, 0) << same.output;
  EXPECT_THAT(same.output, HasSubstr("largest difference 0 "));
  ASSERT_EQ(call(train("other", "--steps 5 --seed 2")).exit_code, 0);
  EXPECT_EQ(call("verify $F/other --reference $F/record.json").exit_code, 4);
  EXPECT_THAT(call("inspect $F/gpm").output, HasSubstr("planes 3"));
}

TEST_F(TrainVerb, ADryRunPrintsThePlanAndWritesNothing) {
  const Call dry = call(train("dry", "--epochs 2 --dry-run"));
  EXPECT_EQ(dry.exit_code, 0) << dry.output;
  EXPECT_THAT(dry.output, HasSubstr("2 steps of 3 groups"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "dry"));
}

TEST_F(TrainVerb, SaysWhichComparisonsAreCut) {
  EXPECT_THAT(call(train("cut", "--steps 2 --dry-run --group-size 2")).output, HasSubstr("2 of their 6 comparisons"));
  EXPECT_THAT(call(train("whole", "--steps 2 --dry-run")).output, Not(HasSubstr("are cut")));
}

TEST_F(TrainVerb, TrainsTheHeadAtItsOwnRate) {
  const auto weights = [&](const std::string& name, const std::string& flags) {
    EXPECT_EQ(call(train(name, "--steps 3 --no-report " + flags)).exit_code, 0);
    return io::TestFolder::read(folder_ / name / "model.safetensors");
  };
  const std::string usual = weights("usual", "");
  EXPECT_EQ(weights("same", "--head-lr 1e-2"), usual);
  EXPECT_NE(weights("other", "--head-lr 5e-2"), usual);
}

TEST_F(TrainVerb, MistakesAreAnsweredWithTheRemedy) {
  const struct {
    std::string arguments;
    int exit_code;
    const char* text;
  } cases[] = {
      {train("x", "--steps 5 --lerning-rate 1"), 2, "unknown flag '--lerning-rate'"},
      {train("x", "--steps 5 --head gmp"), 2, "did you mean 'gpm'"},
      {train("x", "--steps 5 --lr -1"), 2, "not between"},
      {"train --model $F/base --head bt --data $F/rows.jsonl --out $F/x --lr 0 --head-lr 1e-3", 2, "--freeze"},
      {train("x", "--steps 5 --keep-best"), 2, "give --eval-data"},
      {train("x", "--steps 5 --patience 3"), 2, "give --eval-data"},
      {train("x", "--steps 5 --reward-clip 3"), 2, "--reward-clip is of hrc heads"},
      {"train --model $F/base --head bt --gate softmax --data $F/rows.jsonl --out $F/x", 2, "bt head has none"},
      {"train --model $F/base --tau .2 --data $F/rows.jsonl --out $F/x", 2, "give --head"},
      {train("x", "--steps 5 --freeze nothing.like.this"), 2, "matches no parameter"},
      {"train --resume $F/nowhere", 2, "nothing to resume"},
      {"train --model $F/nowhere --data $F/rows.jsonl --out $F/x", 4, "not a model directory"},
      {"train --model $F/base --data $F/rows.jsonl --out $F/x --steps 3", 4, "no preference head"},
      {"train --model $F/base --head bt --data $F/none.jsonl --out $F/x", 5, "none.jsonl"},
      {"train --model $F/base --head bt --data $F/words.txt --out $F/x", 3, "words.txt"},
      {"eval --model $F/base --data $F/rows.jsonl", 4, "no preference head"},
      {"rank --model $F/base", 4, "no preference head"},
      {train("x", "--steps 5 --max-length 2"), 3, "too long"},
      {"train --model $F/base --head bt --data $F/rows.jsonl --steps 5 --out /proc/none", 5, "cannot write"},
      {"tran", 2, "did you mean 'train'"},
  };
  for (const auto& c : cases) {
    const Call made = call(c.arguments);
    EXPECT_EQ(made.exit_code, c.exit_code) << c.arguments << "\n" << made.output;
    EXPECT_THAT(made.output, HasSubstr(c.text)) << c.arguments;
  }
}

TEST_F(TrainVerb, ResultsThatCannotBeWrittenAreNoSuccess) {
  const Call full = testing::shell("(" + testing::program() + " list heads >/dev/full)");
  EXPECT_EQ(full.exit_code, 5);
  EXPECT_THAT(full.output, HasSubstr("cannot write the results: standard output"));
}

TEST_F(TrainVerb, AMissingGpuIsSaidBeforeAnythingIsRead) {
  for (const char* const verb : {"train", "eval", "rank", "verify"}) {
    const Call made =
        call(std::string(verb) + (verb == std::string("verify") ? " $F/none --record $F/r" : " --model $F/none") +
             " --device cuda");
    if (made.output.find("not a model directory") != std::string::npos) GTEST_SKIP() << "this machine has a GPU";
    EXPECT_EQ(made.exit_code, 5) << made.output;
    EXPECT_THAT(made.output, HasSubstr("no CUDA: --device cuda"));
    EXPECT_THAT(made.output, HasSubstr("--device cpu"));
  }
}

TEST_F(TrainVerb, TwoModelsAreJudgedOnOneReadingOfStandardInput) {
  for (const char* seed : {"1", "2"})
    ASSERT_EQ(call(train(std::string("m") + seed, "--steps 3 --no-report --seed ") + seed).exit_code, 0);
  const std::string models = "eval --model $F/m1 --model $F/m2 --quiet --json - --data ";
  const Call piped = testing::shell("cat " + (folder_ / "rows.jsonl").string() + " | " + testing::program() + " " +
                                    expanded(models + "- --threads 1"));
  ASSERT_EQ(piped.exit_code, 0) << piped.output;
  EXPECT_EQ(json::parse(piped.output), json::parse(call(models + "$F/rows.jsonl").output));
}

TEST_F(TrainVerb, AResumedRunRefusesAnotherSeed) {
  ASSERT_EQ(call(train("run", "--steps 3 --no-report --seed 7")).exit_code, 0);
  EXPECT_EQ(call("train --no-report --resume $F/run").exit_code, 0);
  EXPECT_EQ(call("train --no-report --resume $F/run --seed 7").exit_code, 0);
  const Call other = call("train --no-report --resume $F/run --seed 1");
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.output, HasSubstr("--seed beside --resume: the run has 7"));
}

// The library names fields; the command line writes them as its flags.
TEST_F(TrainVerb, MessagesNameTheFlagsOfTheVerb) {
  EXPECT_THAT(call("train --model $F/base").output, HasSubstr("a setting is missing: --out"));
  EXPECT_THAT(call("rank --model $F/base --data $F/rows.jsonl --device gpu").output,
              HasSubstr("unknown device 'gpu': --device"));
  EXPECT_THAT(call(train("x", "--max-length 2")).output, HasSubstr("choose --overlong drop"));
  EXPECT_THAT(call("train --model $F/base --head bt --data $F/rows.jsonl --lr 0 --head-lr 1e-3 --out $F/x").output,
              HasSubstr("--head-lr with --lr 0"));
}

TEST_F(TrainVerb, ConfigFilesAreFlags) {
  folder_.write("c.toml", "lr = 0.003\nsteps = 4\nhead = \"bt\"\n");
  folder_.write("c.json", R"({"lr": 0.003, "steps": 4, "head": "bt"})");
  folder_.write("bad.json", R"({"lerning_rate": 0.003})");
  for (const char* file : {"c.toml", "c.json"}) {
    const Call dry =
        call(std::string("train --model $F/base --data $F/rows.jsonl --out $F/x --dry-run --config $F/") + file);
    EXPECT_EQ(dry.exit_code, 0) << dry.output;
    EXPECT_THAT(dry.output, HasSubstr("\"lr\": 0.003")) << file;
    EXPECT_THAT(dry.output, HasSubstr("4 steps")) << file;
  }
  EXPECT_EQ(call("train --model $F/base --data $F/rows.jsonl --out $F/x --dry-run --config $F/bad.json").exit_code, 2);
}

TEST_F(TrainVerb, OverlongSequencesFollowThePolicy) {
  const Call dropped = call(train("x", "--steps 2 --max-length 3 --overlong drop"));
  EXPECT_EQ(dropped.exit_code, 3);
  folder_.write("long.jsonl", R"({"prompt":"play ","chosen":"rock","rejected":"paper paper paper paper"}
{"prompt":"fair ","chosen":"rock","rejected":"paper"}
)");
  const std::string base = "train --model $F/base --head bt --data $F/long.jsonl --steps 2 --max-length 5 ";
  EXPECT_THAT(call(base + "--out $F/a --overlong drop").output, HasSubstr("1 dropped, 0 truncated"));
  EXPECT_THAT(call(base + "--out $F/b --overlong truncate-right").output, HasSubstr("0 dropped, 1 truncated"));
  EXPECT_EQ(call(base + "--out $F/c --overlong error").exit_code, 3);
}

TEST_F(TrainVerb, TwentyKilledRunsContinueToTheSameBits) {
  constexpr int kKills = 20;
  // A life of 20 to 30 steps each, told by the run's own lines and not by the clock, and then up to a few steps more.
  constexpr int64_t kLife = 20, kMostLonger = 10, kSteps = kKills * (kLife + kMostLonger) + 200;
  constexpr double kLongestDelay = 0.01;
  // A checkpoint after every step: many of the kills fall inside a save.
  const std::string more = "--steps " + std::to_string(kSteps) + " --checkpoint-every 1 --optimizer muon --no-report";
  ASSERT_EQ(call(train("straight", more)).exit_code, 0);
  const std::string folder = (folder_ / "killed").string();
  const std::string start = testing::program() + " " + [&] {
    std::string command = train("killed", more);
    for (size_t at = 0; (at = command.find("$F", at)) != std::string::npos;)
      command.replace(at, 2, folder_.path().string());
    return command;
  }() + " --threads 1";
  Random random(1);
  int killed = 0;
  for (int k = 0; k < kKills; ++k) {
    const bool fresh = !std::filesystem::exists(folder + "/run.json");
    const Child child("exec " +
                      (fresh ? start : testing::program() + " train --no-report --threads 1 --resume " + folder));
    const auto target = k * (kLife + kMostLonger) + kLife + static_cast<int64_t>(random.below(kMostLonger));
    testing::wait_for_lines(folder + "/metrics.jsonl", target);
    if (child.kill_after(kLongestDelay * random.uniform(), SIGKILL)) break;
    ++killed;
  }
  EXPECT_EQ(killed, kKills) << "the run was too short to be killed as often";
  RecordProperty("kills", killed);
  const Call last = testing::rondo("train --no-report --threads 1 --resume " + folder);
  ASSERT_EQ(last.exit_code, 0) << last.output;
  const auto weights = [&](const std::string& name) {
    return json::parse(testing::rondo("inspect --json - " + (folder_ / name).string()).output)["weights_hash"];
  };
  EXPECT_EQ(weights("straight"), weights("killed"));
  EXPECT_EQ(testing::without_seconds(folder_ / "straight/metrics.jsonl"),
            testing::without_seconds(folder_ / "killed/metrics.jsonl"));
  std::printf("%d kills\n", killed);
}

TEST_F(TrainVerb, CtrlCSavesAndSaysHowToGoOn) {
  std::string command = train("stopped", "--steps 100000 --no-report");
  for (size_t at = 0; (at = command.find("$F", at)) != std::string::npos;)
    command.replace(at, 2, folder_.path().string());
  const std::string output = (folder_ / "stopped.txt").string();
  const Child child("exec " + testing::program() + " " + command + " --threads 1 2> " + output);
  // The clock of a busy machine says nothing about how far a run is; its own lines do.
  testing::wait_for_lines((folder_ / "stopped/metrics.jsonl").string(), 3);
  EXPECT_TRUE(child.kill_after(0, SIGINT)) << "killed by the signal instead of stopping";
  EXPECT_THAT(io::TestFolder::read(output), HasSubstr("continue with `rondo train --resume"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "stopped/checkpoints"));
}

}  // namespace
}  // namespace rondo
