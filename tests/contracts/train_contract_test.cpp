// SPDX-License-Identifier: Apache-2.0
// A training run keeps what it began with: seed, threads, base, inputs; and is the same in one process or in several.
#include "tests/support/lab.h"
#include "tests/support/run_files.h"

namespace rondo {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class TrainContract : public testing::Lab {
 protected:
  runs::TrainConfig seeded(const std::string& out, int64_t steps) const {
    runs::TrainConfig config = training(path("base"), out, steps);
    config.process.seed = 7;
    config.train.loop.checkpoint_every = 1;
    return config;
  }
  void expect_equal_runs(const std::string& first, const std::string& second) const {
    EXPECT_EQ(weights(first), weights(second));
    EXPECT_EQ(testing::without_seconds(folder_ / (first + "/metrics.jsonl")),
              testing::without_seconds(folder_ / (second + "/metrics.jsonl")));
  }
};

TEST_F(TrainContract, AResumedRunHasTheSeedAndThreadsOfItsBeginning) {
  base("base");
  runs::train(seeded("straight", 6), {});
  EXPECT_TRUE(runs::train(seeded("stopped", 6), stopping_at(3)).interrupted);
  const runs::TrainConfig resumed = runs::resumed_training(path("stopped"));
  EXPECT_EQ(resumed.process.seed, 7);
  EXPECT_EQ(resumed.process.threads, 1);
  runs::TrainConfig silent = resumed;
  silent.writes_report = false;
  EXPECT_FALSE(runs::train(silent, {}).interrupted);
  expect_equal_runs("straight", "stopped");
  EXPECT_EQ(json_of("straight/run.json")["seed"], 7);
  EXPECT_EQ(json_of("straight/config.json")["rondo"]["training"]["seed"], 7);
  // Another seed is another run: the comparison above can fail.
  runs::TrainConfig other = seeded("other", 6);
  other.process.seed = 1;
  runs::train(other, {});
  EXPECT_NE(weights("straight"), weights("other"));
}

TEST_F(TrainContract, ThreeProcessesAreOne) {
  base("base");
  runs::train(seeded("straight", 6), {});
  EXPECT_TRUE(runs::train(seeded("parts", 6), stopping_at(2)).interrupted);
  for (const int more : {2, 100}) {
    runs::TrainConfig resumed = runs::resumed_training(path("parts"));
    resumed.writes_report = false;
    EXPECT_EQ(runs::train(resumed, stopping_at(more)).interrupted, more == 2);
  }
  expect_equal_runs("straight", "parts");
}

TEST_F(TrainContract, ContradictionsAreRefusedBeforeThereIsARun) {
  runs::TrainConfig config = training(base("base"), "run", 2);
  config.train.loop.lr = 0;
  config.train.loop.head_lr = 1e-3;
  EXPECT_THAT([&] { runs::train(config, {}); }, ThrowsMessage<ConfigError>(HasSubstr("`head_lr` with `lr` 0")));
  EXPECT_FALSE(fs::exists(folder_ / "run/run.json"));
}

TEST_F(TrainContract, AnAdapterRunKeepsItsBaseAndNoticesAnother) {
  base("base");
  runs::TrainConfig lora = training(path("base"), "adapter", 2);
  lora.train.lora.rank = 2;
  runs::train(lora, {});
  fs::rename(folder_ / "base", folder_ / "moved");

  runs::TrainConfig further = training(path("adapter"), "run", 4);
  further.train.head.clear();
  further.train.head_options = {};
  EXPECT_THAT([&] { runs::train(further, {}); }, ThrowsMessage<ModelError>(HasSubstr("the base model of an adapter")));
  further.process.base = path("moved");
  EXPECT_TRUE(runs::train(further, stopping_at(2)).interrupted);
  runs::TrainConfig resumed = runs::resumed_training(path("run"));
  EXPECT_EQ(resumed.process.base, path("moved"));

  // Another base of the same shapes.
  fs::rename(folder_ / "moved", folder_ / "kept");
  base("moved", /*seed=*/9);
  EXPECT_THAT([&] { runs::train(resumed, {}); },
              ThrowsMessage<DataError>(HasSubstr("what the run began with has changed")));
  const model::Reader with_other(path("adapter"), {.load = {.base = path("moved")}, .text = {}});
  ASSERT_FALSE(with_other.notes().empty());
  EXPECT_THAT(with_other.notes().back().text, HasSubstr("not the base that the adapter was trained on"));

  fs::remove_all(folder_ / "moved");
  fs::rename(folder_ / "kept", folder_ / "moved");
  resumed.writes_report = false;
  EXPECT_EQ(runs::train(resumed, {}).state.step, 4);
  EXPECT_TRUE(model::Reader(path("adapter"), {.load = {.base = path("moved")}, .text = {}}).notes().empty());
}

TEST_F(TrainContract, APlanWritesNothing) {
  const runs::TrainPlan plan = runs::plan_training(training(base("base"), "run", 5), {});
  EXPECT_EQ(plan.loop.steps, 5);
  EXPECT_EQ(plan.parameters, plan.trained_parameters);
  EXPECT_EQ(plan.tokens.groups, 5);
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

}  // namespace
}  // namespace rondo
