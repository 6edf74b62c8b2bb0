// SPDX-License-Identifier: Apache-2.0
// Self-play and training of policies keep to what the models record, lose nothing on the way, and say what is wrong
// with a file of their own.
#include <fstream>

#include "rondo/align/self_play/iterates.h"
#include "rondo/runs/outside_command.h"
#include "tests/support/lab.h"

namespace rondo {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

class AlignContract : public testing::Lab {
 protected:
  int64_t lines(const std::string& name) const {
    const std::string text = io::TestFolder::read(folder_ / name);
    return std::count(text.begin(), text.end(), '\n');
  }
};

TEST_F(AlignContract, AnInterruptedSamplingStageKeepsItsSamples) {
  const std::string policy = base("policy"), judging = judge("judge");
  ASSERT_FALSE(runs::align(alignment(policy, judging, "straight"), {}).interrupted);
  // Asked before each prompt: the third is not sampled.
  ASSERT_TRUE(runs::align(alignment(policy, judging, "stopped"), stopping_at(3)).interrupted);
  EXPECT_EQ(lines("stopped/iteration-001/samples.jsonl.part"), 1 + 2) << "a header and two prompts";
  ASSERT_FALSE(runs::align(runs::resumed_alignment(path("stopped")), {}).interrupted);
  EXPECT_FALSE(fs::exists(folder_ / "stopped/iteration-001/samples.jsonl.part"));
  EXPECT_EQ(io::TestFolder::read(folder_ / "stopped/iteration-001/samples.jsonl"),
            io::TestFolder::read(folder_ / "straight/iteration-001/samples.jsonl"));
  EXPECT_EQ(json_of("stopped/iteration-001/manifest.json")["weights"],
            json_of("straight/iteration-001/manifest.json")["weights"]);
}

TEST_F(AlignContract, TheJudgesRecordedLengthHolds) {
  const std::string policy = base("policy"), judging = judge("judge");
  nlohmann::json config = json_of("judge/config.json");
  config["rondo"]["text"]["max_length"] = 5;
  folder_.write("judge/config.json", config.dump());
  EXPECT_THAT([&] { runs::align(alignment(policy, judging, "run"), {}); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("a response is too long for the judge"), HasSubstr("takes 5"))));
}

TEST_F(AlignContract, AnAdapterPolicyIsFoundWhereItsBaseIsSaidToBe) {
  const std::string judging = judge("judge");
  base("base");
  runs::AlignConfig lora = alignment(path("base"), judging, "adapter");
  lora.align.lora.rank = 2;
  runs::align(lora, {});
  ASSERT_TRUE(fs::exists(folder_ / "adapter/adapter_config.json"));
  fs::rename(folder_ / "base", folder_ / "moved");

  runs::AlignConfig further = alignment(path("adapter"), judging, "run");
  further.align.iterations = 2;
  further.process.base = path("moved");
  ASSERT_TRUE(runs::align(further, stopping_at(6)).interrupted);
  const runs::AlignConfig resumed = runs::resumed_alignment(path("run"));
  EXPECT_EQ(resumed.process.base, path("moved"));
  EXPECT_FALSE(runs::align(resumed, {}).interrupted);

  runs::AlignConfig offline = alignment(path("adapter"), "", "offline");
  offline.align.prompts.clear();
  offline.align.objective.objective = "dpo";
  offline.data.data = {path("rows.jsonl")};
  offline.process.base = path("moved");
  EXPECT_EQ(runs::align(offline, {}).loop->state.step, 2);
}

TEST_F(AlignContract, ADamagedFileOfTheRunIsSaidInItsOwnWords) {
  const std::string policy = base("policy"), judging = judge("judge");
  ASSERT_FALSE(runs::align(alignment(policy, judging, "run"), {}).interrupted);
  const std::string manifest = io::TestFolder::read(folder_ / "run/iteration-001/manifest.json");
  folder_.write("run/iteration-001/manifest.json", manifest.substr(0, manifest.size() / 2));
  const auto resume = [&] { runs::align(runs::resumed_alignment(path("run")), {}); };
  EXPECT_THAT(resume, ThrowsMessage<DataError>(
                          AllOf(HasSubstr("manifest.json"), HasSubstr("remove it"), Not(HasSubstr("download")))));
  fs::remove(folder_ / "run/iteration-001/manifest.json");
  // A directory where a file of the run is expected.
  fs::remove(folder_ / "run/iteration-001/judged.safetensors");
  fs::create_directory(folder_ / "run/iteration-001/judged.safetensors");
  EXPECT_THAT(resume, ThrowsMessage<DataError>(AllOf(HasSubstr("judged.safetensors"), HasSubstr("not a file"),
                                                     HasSubstr("remove"), Not(HasSubstr("weights")))));
  fs::remove(folder_ / "run/iteration-001/judged.safetensors");
  EXPECT_NO_THROW(resume());
  EXPECT_EQ(json_of("run/iteration-001/manifest.json")["weights"], nlohmann::json::parse(manifest)["weights"]);
}

TEST_F(AlignContract, ContradictionsAreRefusedBeforeThereIsARun) {
  const std::string policy = base("policy"), judging = judge("judge");
  const auto refused = [&](void (*change)(align::AlignConfig & config)) {
    runs::AlignConfig config = alignment(policy, judging, "run");
    change(config.align);
    EXPECT_THROW(runs::align(config, {}), ConfigError);
    EXPECT_FALSE(fs::exists(folder_ / "run"));
  };
  refused([](align::AlignConfig& c) { c.generate.responses = 1; });
  refused([](align::AlignConfig& c) { c.objective.magnet_weight = 0.1; });
  refused([](align::AlignConfig& c) { c.magnet = "moon"; });
  refused([](align::AlignConfig& c) { c.refresh_judge = "often"; });
}

// Of an iteration's work nothing is read from disk but what an older iterate holds.
TEST_F(AlignContract, TheNewestPolicyStaysInMemory) {
  align::AlignConfig config = alignment(base("policy"), "", "run").align;
  const model::Reader policy(path("policy"), {.load = {.as_policy = true}, .text = {}});
  align::Iterates iterates(config, policy, at::kCPU);
  const std::string base_hash = iterates.weights(0);
  const model::Model& training = iterates.begin_training(1);
  EXPECT_NE(&training, &policy.model());
  fs::remove_all(folder_ / "policy");
  iterates.finish_training(1);
  EXPECT_EQ(&iterates.get(1), &training);
  EXPECT_EQ(&iterates.get(0), &policy.model());
  EXPECT_EQ(iterates.weights(1), base_hash) << "nothing was trained";
  EXPECT_EQ(&iterates.begin_training(2), &training);
  EXPECT_THROW(iterates.get(1), ModelError) << "while it changes it is no iterate; what lies on disk would be";
}

TEST_F(AlignContract, ACommandThatTheUserEndsIsNoFailure) {
  folder_.write("in", "x\n");
  const fs::path in = folder_ / "in", out = folder_ / "out";
  const auto run = [&](const std::string& line, const std::function<bool()>& should_stop) {
    return runs::run_command({"referee_command", line}, in, out, should_stop);
  };
  const auto never = [] { return false; };
  EXPECT_TRUE(run("cat", never));
  EXPECT_EQ(io::TestFolder::read(out), "x\n");
  EXPECT_FALSE(run("kill -INT $$", never));
  EXPECT_FALSE(run("exit 130", never));
  EXPECT_FALSE(run("sleep 60", [] { return true; }));
  EXPECT_THAT([&] { run("exit 3", never); },
              ThrowsMessage<ResourceError>(AllOf(HasSubstr("`referee_command`"), HasSubstr("status 3"))));
  // The whole run: an interrupted command ends it where it can be continued.
  runs::AlignConfig config = alignment(base("policy"), judge("judge"), "run");
  config.align.answer_command = "kill -INT $$";
  EXPECT_TRUE(runs::align(config, {}).interrupted);
}

// A run may die between writing its samples and removing what they were collected in.
TEST_F(AlignContract, WhatAKilledRunLeftBesideItsSamplesGoes) {
  runs::align(alignment(base("policy"), judge("judge"), "run"), {});
  fs::remove(path("run/iteration-001/manifest.json"));
  folder_.write("run/iteration-001/samples.jsonl.part", "half a row");
  runs::align(runs::resumed_alignment(path("run")), {});
  EXPECT_TRUE(fs::exists(path("run/iteration-001/manifest.json")));
  EXPECT_FALSE(fs::exists(path("run/iteration-001/samples.jsonl.part")));
}

}  // namespace
}  // namespace rondo
