// SPDX-License-Identifier: Apache-2.0
// Low-rank adapters through the program: train, eval, resume, rank, merge, export, inspect; a base that moved.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "rondo/io/json.h"
#include "rondo/io/safetensors.h"
#include "rondo/io/test_folder.h"
#include "tests/support/program.h"
#include "tests/support/run_files.h"

namespace rondo {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Call;
using ::testing::HasSubstr;

constexpr const char* kRows =
    R"({"prompt":"play fair ","responses":["rock","paper","scissors"],"comparisons":[{"i":1,"j":0},{"i":2,"j":1},{"i":0,"j":2}]}
{"prompt":"play strange ","responses":["rock","paper","scissors"],"comparisons":[{"i":0,"j":1},{"i":1,"j":2},{"i":2,"j":0}]}
{"prompt":"play soft ","response_a":"rock","response_b":"paper","p_a":0.7}
)";

class Adapters : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
    folder_.write("words.txt", "play\nfair\nstrange\nsoft\nrock\npaper\nscissors\n");
    folder_.write("rows.jsonl", kRows);
    done("init --layers 2 --hidden 16 --heads 2 --inner 32 --words $F/words.txt --out $F/base");
  }
  // $F stands for the test's folder.
  std::string whole(std::string arguments) const {
    for (size_t at = 0; (at = arguments.find("$F", at)) != std::string::npos;)
      arguments.replace(at, 2, folder_.path().string());
    return arguments + " --threads 1";
  }
  Call call(const std::string& arguments) const { return testing::rondo(whole(arguments)); }
  std::string done(const std::string& arguments) const {
    const Call result = call(arguments);
    EXPECT_EQ(result.exit_code, 0) << arguments << "\n" << result.output;
    return result.output;
  }
  static std::string train(const std::string& name, const std::string& more) {
    return "train --model $F/base --head gpm --planes 3 --gate softmax --data $F/rows.jsonl --lr 1e-2 --batch-groups 3 "
           "--lora-rank 4 --out $F/" +
           name + " " + more;
  }
  // The second scores as the first does, to the tolerance of `rondo verify`.
  void expect_same(const std::string& one, const std::string& other) const {
    done("verify $F/" + one + " --record $F/" + one + ".json");
    done("verify $F/" + other + " --reference $F/" + one + ".json");
  }
  json inspected(const std::string& name) const {
    return json::parse(testing::rondo("inspect --json - " + (folder_ / name).string()).output);
  }
  io::TestFolder folder_;
};

TEST_F(Adapters, TrainedOnesAreOpenedByEveryVerb) {
  done(train("adapter", "--steps 300 --eval-data $F/rows.jsonl"));
  EXPECT_FALSE(fs::exists(folder_ / "adapter/model.safetensors"));
  done("eval --model $F/adapter --data $F/rows.jsonl --json $F/eval.json");
  EXPECT_EQ(io::read_json_file(folder_ / "eval.json")["accuracy"], 1.0);
  EXPECT_THAT(done("rank --model $F/adapter --data $F/rows.jsonl --out $F/ranked.jsonl"), HasSubstr("8 queries"));
  const std::string explained = done("tokenize --model $F/adapter --data $F/rows.jsonl --explain");
  EXPECT_THAT(explained, HasSubstr("strange"));
  EXPECT_THAT(explained, HasSubstr("response  10..18       \"scissors\""));
  const json adapter = inspected("adapter")["adapter"];
  EXPECT_EQ(adapter["rank"], 4);
  EXPECT_EQ(adapter["alpha"], 8.0);
  EXPECT_EQ(adapter["matrices"], 14);
  EXPECT_EQ(adapter["targets"], "all-linear");
}

// What was scored while training is what the saved adapter on the untouched base scores.
TEST_F(Adapters, TheBaseStaysAsItWas) {
  done(train("adapter", "--steps 20 --eval-data $F/rows.jsonl"));
  json last;
  std::ifstream rows(folder_ / "adapter/metrics.jsonl");
  for (std::string row; std::getline(rows, row);) last = json::parse(row);
  const json held_out = io::read_json_file(folder_ / "adapter/held_out.json");
  EXPECT_NEAR(last["eval"]["log_loss"].get<double>(), held_out["log_loss"].get<double>(), 1e-6);
}

TEST_F(Adapters, CheckpointsHoldAdaptersAndHeadOnly) {
  done(train("adapter", "--steps 2 --no-report"));
  const io::SafetensorsReader saved(folder_ / "adapter/checkpoints/step-00000002/tensors.safetensors");
  int64_t weights = 0;
  for (const io::TensorView& view : saved.tensors()) {
    if (!view.name.starts_with("weight.")) continue;
    ++weights;
    const bool is_own = view.name.find(".lora_") != std::string::npos || view.name.find("_head.") != std::string::npos;
    EXPECT_TRUE(is_own) << view.name;
  }
  EXPECT_EQ(weights, 2 * 14 + 2);
}

TEST_F(Adapters, MergedAndExportedScoreTheSame) {
  done(train("adapter", "--steps 30 --no-report"));
  done("export --model $F/adapter --merge --out $F/merged");
  EXPECT_TRUE(fs::exists(folder_ / "merged/model.safetensors"));
  EXPECT_FALSE(fs::exists(folder_ / "merged/adapter_config.json"));
  expect_same("adapter", "merged");
  done("export --model $F/adapter --out $F/copy");
  expect_same("adapter", "copy");
  EXPECT_EQ(inspected("adapter")["weights_hash"], inspected("copy")["weights_hash"]);
  EXPECT_THAT(call("export --model $F/merged --merge --out $F/again").output, HasSubstr("nothing to merge"));
}

// Every family of the table, its matrices fused, transposed or plain.
TEST_F(Adapters, WorkWithEveryFamily) {
  std::istringstream rows(call("list backbones").output);
  for (std::string row; std::getline(rows, row);) {
    const std::string name = row.substr(0, row.find(' '));
    done("init --family " + name +
         " --layers 1 --hidden 16 --heads 2 --inner 32 --max-length 64 --words $F/words.txt " + "--out $F/base_" +
         name);
    done("train --model $F/base_" + name + " --head bt --data $F/rows.jsonl --steps 3 --lr 3e-2 --batch-groups 3 " +
         "--lora-rank 2 --lora-rslora --no-report --out $F/on_" + name);
    done("export --model $F/on_" + name + " --merge --format published --out $F/merged_" + name);
    expect_same("on_" + name, "merged_" + name);
    // Every matrix reached the scores: B began as zero and is no longer.
    const io::SafetensorsReader trained(folder_ / ("on_" + name) / "adapter_model.safetensors");
    EXPECT_EQ(trained.metadata(), (std::map<std::string, std::string>{{"format", "pt"}})) << name;
    for (const io::TensorView& view : trained.tensors())
      EXPECT_NE(view.bytes.find_first_not_of('\0'), std::string_view::npos) << name << ": " << view.name;
  }
}

// With dropout, whose masks follow from seed and step, in the type and with the recomputation of large models.
TEST_F(Adapters, KilledRunsContinueToTheSameBits) {
  const std::string more =
      "--steps 120 --checkpoint-every 7 --lora-dropout 0.3 --dtype bfloat16 --recompute --token-budget 12 --no-report";
  done(train("straight", more));
  const std::string folder = (folder_ / "killed").string();
  std::string command = testing::program() + " " + whole(train("killed", more));
  for (const int64_t life : {25, 60}) {
    const testing::Child child("exec " + command);
    testing::wait_for_lines(folder + "/metrics.jsonl", life);
    EXPECT_FALSE(child.kill_after(0, SIGKILL)) << "it ended before it was killed";
    command = testing::program() + " train --no-report --threads 1 --resume " + folder;
  }
  done("train --no-report --resume $F/killed");
  EXPECT_EQ(inspected("straight")["weights_hash"], inspected("killed")["weights_hash"]);
  EXPECT_EQ(testing::without_seconds(folder_ / "straight/metrics.jsonl"),
            testing::without_seconds(folder_ / "killed/metrics.jsonl"));
}

TEST_F(Adapters, RecomputingBlocksChangesNothing) {
  for (const char* const targets : {"o_proj", "q_proj v_proj"}) {
    const std::string more = std::string("--steps 10 --lora-dropout 0.3 --no-report --lora-targets ") + targets;
    done(train("stored", more));
    done(train("twice", more + " --recompute"));
    expect_same("stored", "twice");
    fs::remove_all(folder_ / "stored");
    fs::remove_all(folder_ / "twice");
  }
}

TEST_F(Adapters, AreTrainedFurther) {
  done(train("first", "--steps 5 --no-report --lora-targets q_proj v_proj"));
  done("train --model $F/first --data $F/rows.jsonl --steps 5 --lr 1e-2 --no-report --out $F/second");
  EXPECT_EQ(inspected("second")["adapter"]["targets"], json({"q_proj", "v_proj"}));
  EXPECT_EQ(inspected("second")["adapter"]["matrices"], 4);
  EXPECT_NE(inspected("first")["weights_hash"], inspected("second")["weights_hash"]);
}

TEST_F(Adapters, ABaseThatMovedIsNamed) {
  done(train("adapter", "--steps 2 --no-report"));
  done("verify $F/adapter --record $F/record.json");
  fs::rename(folder_ / "base", folder_ / "moved");
  const Call lost = call("verify $F/adapter --reference $F/record.json");
  EXPECT_EQ(lost.exit_code, 4);
  EXPECT_THAT(lost.output, HasSubstr("name its folder with --base DIR"));
  done("verify $F/adapter --reference $F/record.json --base $F/moved");
}

// The head of the base, which has the same shape, does not step in.
TEST_F(Adapters, ALostHeadIsRefused) {
  done("train --model $F/base --head gpm --planes 3 --data $F/rows.jsonl --steps 2 --no-report --out $F/whole");
  done("train --model $F/whole --data $F/rows.jsonl --steps 2 --lora-rank 2 --no-report --out $F/adapter");
  done("eval --model $F/adapter --data $F/rows.jsonl");
  const fs::path weights = folder_ / "adapter/adapter_model.safetensors", cut = folder_ / "cut.safetensors";
  {
    const io::SafetensorsReader old(weights);
    std::vector<io::TensorSpec> kept;
    for (const io::TensorView& view : old.tensors()) {
      if (view.name.find("value_head") == std::string::npos) kept.push_back({view.name, view.dtype, view.shape});
    }
    io::SafetensorsWriter writer(cut, kept, {});
    for (const io::TensorSpec& spec : kept) writer.write(spec.name, old.find(spec.name)->bytes);
    writer.commit();
  }
  fs::rename(cut, weights);
  const Call refused = call("eval --model $F/adapter --data $F/rows.jsonl");
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_THAT(refused.output, HasSubstr("the head is missing"));
}

TEST_F(Adapters, MistakesAreAnsweredWithTheRemedy) {
  done(train("adapter", "--steps 2 --no-report"));
  const struct {
    std::string arguments;
    int exit_code;
    const char* text;
  } cases[] = {
      {train("x", "--steps 2 --lora-targets q_prj"), 2, "did you mean 'q_proj'"},
      {train("x", "--steps 2 --lora-pattern q_proj"), 2, "no module matches the pattern 'q_proj'"},
      {train("x", "--steps 2 --lora-pattern q_proj --lora-targets q_proj"), 2, "give one of them"},
      {"train --model $F/base --head bt --data $F/rows.jsonl --lora-alpha 3 --out $F/x", 2, "give --lora-rank"},
      {train("x", "--steps 2 --optimizer muon"), 2, "use adamw"},
      {"train --model $F/adapter --data $F/rows.jsonl --steps 2 --lora-rank 2 --out $F/x", 2,
       "an adapter on an adapter"},
      {"import --from $F/adapter --head bt --out $F/x", 4, "merge it with PEFT"},
  };
  for (const auto& c : cases) {
    const Call made = call(c.arguments);
    EXPECT_EQ(made.exit_code, c.exit_code) << c.arguments << "\n" << made.output;
    EXPECT_THAT(made.output, HasSubstr(c.text)) << c.arguments;
  }
}

}  // namespace
}  // namespace rondo
