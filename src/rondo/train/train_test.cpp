// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "rondo/base/error.h"
#include "rondo/core/pack.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/safetensors.h"
#include "rondo/model/initial.h"
#include "rondo/train/loop.h"
#include "tests/support/run_files.h"
#include "tests/support/tensors.h"

namespace rondo::train {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::distance;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::random_tensor;
using ::testing::ThrowsMessage;

class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(fs::temp_directory_path() / ("rondo_train_" + name + std::to_string(::getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::unique_ptr<model::Model> tiny_model(const heads::HeadConfig& head, at::ScalarType dtype = at::kFloat) {
  const auto& family = backbones::family_by_name("llama");
  const nlohmann::json config = {{"architectures", {"LlamaForCausalLM"}},
                                 {"vocab_size", 32},
                                 {"hidden_size", 16},
                                 {"num_hidden_layers", 1},
                                 {"num_attention_heads", 2},
                                 {"intermediate_size", 32},
                                 {"tie_word_embeddings", true}};
  backbones::ConfigReader reader(config, "test");
  const nn::Sizes sizes = family.sizes(reader);
  nn::ParameterSet parameters;
  const nn::ParameterSet initial = model::initial_backbone(family, sizes, 0.1, 3);
  for (const nn::Parameter& p : initial.all()) {
    parameters.add(p.name, p.value.to(dtype).clone().requires_grad_(true));
  }
  const nn::ParameterSet initial_head = model::initial_head(head, sizes.hidden, 3);
  for (const nn::Parameter& p : initial_head.all()) parameters.add(p.name, p.value.requires_grad_(true));
  return std::make_unique<model::Model>(family, config, head, std::move(parameters));
}

heads::HeadConfig bt() { return {.kind = "bt", .norm = "none", .tau = 1}; }

// n responses of one token behind a prompt of one; response i beats i + 1, the last beats the first.
TokenGroup cycle(int32_t n) {
  TokenGroup group{.gate_ids = {1}};
  for (int32_t i = 0; i < n; ++i) {
    group.responses.push_back({.ids = {1, 2 + i}, .pool_begin = 1, .pool_end = 2, .response_begin = 1});
    group.comparisons.push_back({.i = i, .j = (i + 1) % n, .p = 1});
  }
  return group;
}

struct Judged {
  double right = 0;
  double log_loss = 0;
};

Judged judge(const model::Model& model, const TokenGroup& group) {
  const GroupSelection all = select_all(group);
  const auto count = static_cast<int64_t>(group.responses.size());
  const Tensor scores_MM = model.forward(pack({&all, 1}, {})).group_table(0, 0, count).scores_MM();
  Judged judged;
  for (const Comparison& c : group.comparisons) {
    const double z = scores_MM[c.i][c.j].item<double>() / model.head_config().tau;
    judged.right += z > 0;
    judged.log_loss += std::log1p(std::exp(-z));
  }
  judged.right /= static_cast<double>(group.comparisons.size());
  judged.log_loss /= static_cast<double>(group.comparisons.size());
  return judged;
}

LoopConfig loop_config(int64_t steps) {
  LoopConfig config{.steps = steps, .lr = 1e-2};
  config.sampler = {.batch_groups = 1, .group_size = 128, .seed = 1};
  return config;
}

LoopHooks hooks_without_files() {
  LoopHooks hooks;
  hooks.save_model = [](const fs::path&) {};
  return hooks;
}

class Cycles : public ::testing::TestWithParam<int32_t> {};

TEST_P(Cycles, AreExactForGpmAndImpossibleForBt) {
  const int32_t n = GetParam();
  for (const bool scalar : {false, true}) {
    const Folder folder("cycle");
    const auto model =
        tiny_model(scalar ? bt() : heads::HeadConfig{.kind = "gpm", .planes = 2, .norm = "unit", .tau = 0.1});
    data::MemorySource source({cycle(n)});
    run_loop(*model, source, loop_config(300), folder.path(), hooks_without_files());
    const Judged judged = judge(*model, cycle(n));
    if (scalar) {
      EXPECT_LE(judged.right, static_cast<double>(n - 1) / n + 1e-9);
      EXPECT_GE(judged.log_loss, std::log(2.0) - 1e-6);
      EXPECT_LT(judged.log_loss, std::log(2.0) + 0.02);
    } else {
      EXPECT_EQ(judged.right, 1);
      EXPECT_LT(judged.log_loss, 0.3);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Cycles, ::testing::Values(3, 4, 5));

// Groups of several sizes and lengths with random labels.
std::vector<TokenGroup> random_groups(int64_t count) {
  Random random(11);
  std::vector<TokenGroup> groups;
  for (int64_t g = 0; g < count; ++g) {
    TokenGroup group{.gate_ids = {1}};
    const auto size = static_cast<int32_t>(2 + random.below(4));
    for (int32_t r = 0; r < size; ++r) {
      TokenResponse response{.ids = {1}, .response_begin = 1};
      for (uint64_t t = 0; t <= random.below(5); ++t) response.ids.push_back(static_cast<int32_t>(random.below(32)));
      response.pool_end = static_cast<int64_t>(response.ids.size());
      response.pool_begin = response.pool_end - 1;
      group.responses.push_back(std::move(response));
      for (int32_t j = 0; j < r; ++j) {
        group.comparisons.push_back({.i = j,
                                     .j = r,
                                     .p = static_cast<float>(random.uniform()),
                                     .weight = 1 + static_cast<float>(random.uniform())});
      }
    }
    std::sort(group.comparisons.begin(), group.comparisons.end(),
              [](const Comparison& a, const Comparison& b) { return std::pair(a.i, a.j) < std::pair(b.i, b.j); });
    groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<Tensor> weights(const model::Model& model) {
  std::vector<Tensor> all;
  for (const nn::Parameter& p : model.parameters().all()) all.push_back(p.value.detach());
  return all;
}

double largest_difference(const model::Model& a, const model::Model& b) {
  double largest = 0;
  const auto left = weights(a), right = weights(b);
  for (size_t i = 0; i < left.size(); ++i) largest = std::max(largest, distance(left[i], right[i]));
  return largest;
}

TEST(Accumulation, MicroBatchesGiveTheStepOfTheWholeBatch) {
  const heads::HeadConfig head{.kind = "hrc", .planes = 2, .gate = "softmax", .norm = "unit", .tau = 0.1};
  const auto whole = tiny_model(head), parts = tiny_model(head);
  LoopConfig config = loop_config(3);
  config.sampler.batch_groups = 8;
  config.objective.center = 0.1;
  const Folder a("whole"), b("parts");
  data::MemorySource source(random_groups(8));
  run_loop(*whole, source, config, a.path(), hooks_without_files());
  config.token_budget = 1;  // every group its own micro-batch
  run_loop(*parts, source, config, b.path(), hooks_without_files());
  EXPECT_LT(largest_difference(*whole, *parts), 1e-4);
  EXPECT_GT(largest_difference(*whole, *tiny_model(head)), 1e-3);
}

TEST(Loop, SaysWhatEachOptimizerTrains) {
  std::string said;
  LoopHooks hooks = hooks_without_files();
  hooks.log = [&](LogLevel level, const std::string& line) {
    if (level == LogLevel::kInfo) said += line + "\n";
  };
  const TokenGroup group = cycle(3);
  for (const char* kind : {"adamw", "muon"}) {
    LoopConfig config = loop_config(1);
    config.optimizer.kind = kind;
    const Folder folder(kind);
    data::MemorySource source({group});
    run_loop(*tiny_model(bt()), source, config, folder.path(), hooks);
  }
  EXPECT_EQ(said, "muon trains 7 matrices of the blocks, adamw 2 other matrices and 3 vectors\n");
}

TEST(Loop, CountsTheRewardsThatAHeadClips) {
  data::MemorySource source({cycle(3)});
  for (const char* kind : {"bt", "hrc"}) {
    const heads::HeadConfig head{
        .kind = kind, .planes = 2, .norm = "none", .tau = 1, .reward_clip = 1e-9};  // smaller than any reward here
    const Folder folder(kind);
    run_loop(*tiny_model(head), source, loop_config(1), folder.path(), hooks_without_files());
    std::ifstream file(folder.path() / "metrics.jsonl");
    const nlohmann::json row = nlohmann::json::parse(file);
    EXPECT_EQ(row.contains("clipped_share"), head.clips_rewards()) << kind;
    EXPECT_EQ(row.value("clipped_share", 1.0), 1) << kind;
  }
}

class Resume : public ::testing::TestWithParam<std::string> {};

TEST_P(Resume, ContinuesToTheSameBits) {
  const at::ScalarType dtype = GetParam() == "bf16" ? at::kBFloat16 : at::kFloat;
  LoopConfig config = loop_config(20);
  config.optimizer.kind = GetParam() == "adamw" ? "adamw" : "muon";
  config.sampler.batch_groups = 3;
  config.checkpoint_every = 4;
  data::MemorySource source(random_groups(7));
  const Folder straight("straight"), stopped("stopped");
  const auto once = tiny_model(bt(), dtype);
  run_loop(*once, source, config, straight.path(), hooks_without_files());

  int64_t asked = 0;
  LoopHooks hooks = hooks_without_files();
  hooks.should_stop = [&] { return ++asked == 10; };
  EXPECT_TRUE(run_loop(*tiny_model(bt(), dtype), source, config, stopped.path(), hooks).interrupted);
  // A crash after the checkpoint leaves lines that belong to no checkpoint.
  std::ofstream(stopped.path() / "metrics.jsonl", std::ios::app) << "{\"step\": 11, \"seconds\": 1}\n";
  const auto again = tiny_model(bt(), dtype);
  run_loop(*again, source, config, stopped.path(), hooks_without_files());
  EXPECT_EQ(largest_difference(*once, *again), 0);
  EXPECT_EQ(testing::without_seconds(straight.path() / "metrics.jsonl"),
            testing::without_seconds(stopped.path() / "metrics.jsonl"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Resume, ::testing::Values("adamw", "muon", "bf16"));

// The objective of preference models whose gradient is not a number in the first steps.
class DivergesAtFirst : public StepObjective {
 public:
  DivergesAtFirst(const model::Model& model, int64_t steps) : model_(model), inner_(model, {}), left_(steps) {}
  PackOptions pack_options() const override { return inner_.pack_options(); }
  StepCounts counts(std::span<const GroupSelection> selections) const override { return inner_.counts(selections); }
  ObjectiveReport backward(std::span<const GroupSelection> selections, const StepCounts& step) const override {
    ObjectiveReport report = inner_.backward(selections, step);
    if (left_-- > 0) Tensor(model_.parameters().all().front().value).mutable_grad().fill_(NAN);
    return report;
  }

 private:
  const model::Model& model_;
  Objective inner_;
  mutable int64_t left_;
};

TEST(Resume, KeepsTheCountOfSkippedUpdates) {
  LoopConfig config = loop_config(6);
  data::MemorySource source(random_groups(4));
  const Folder folder("skipped");
  int64_t asked = 0;
  LoopHooks hooks = hooks_without_files();
  hooks.should_stop = [&] { return ++asked == 3; };
  const auto run = [&](int64_t divergent, const LoopHooks& with) {
    const auto model = tiny_model(bt());
    return run_loop(*model, source, DivergesAtFirst(*model, divergent), config, folder.path(), with);
  };
  const LoopResult stopped = run(2, hooks);
  EXPECT_TRUE(stopped.interrupted);
  EXPECT_EQ(stopped.state.skipped_updates, 2);
  EXPECT_EQ(run(1, hooks_without_files()).state.skipped_updates, 3);
}

TEST(Checkpoint, LeftoversOfAnInterruptedSaveAreIgnored) {
  const Folder folder("leftover");
  const auto model = tiny_model(bt());
  save_checkpoint(folder.path(), {.step = 3}, {}, model->parameters());
  fs::create_directories(folder.path() / "checkpoints" / "step-00000009.part");
  EXPECT_EQ(load_checkpoint(folder.path(), model->parameters())->state.step, 3);
  save_checkpoint(folder.path(), {.step = 4}, {}, model->parameters());
  save_checkpoint(folder.path(), {.step = 5}, {}, model->parameters());
  EXPECT_FALSE(fs::exists(folder.path() / "checkpoints" / "step-00000003"));
}

TEST(Checkpoint, SaysThatAnOlderOneTakesTheDamagedOnesPlace) {
  const Folder folder("damaged");
  const auto model = tiny_model(bt());
  save_checkpoint(folder.path(), {.step = 3}, {}, model->parameters());
  save_checkpoint(folder.path(), {.step = 4}, {}, model->parameters());
  const fs::path newest = folder.path() / "checkpoints" / "step-00000004";
  const auto expect_refusal = [&](const char* fact) {
    EXPECT_THAT([&] { (void)load_checkpoint(folder.path(), model->parameters()); },
                ThrowsMessage<DataError>(
                    AllOf(HasSubstr(fact), EndsWith("remove the folder of this step to use an older one"))));
  };
  fs::resize_file(newest / "tensors.safetensors", 100);
  expect_refusal("tensors.safetensors: header length");
  fs::resize_file(newest / "state.json", 20);
  expect_refusal("state.json: line 2, column ");
  io::write_file(newest / "state.json", "{}");
  expect_refusal("'step' not found");
  fs::remove_all(newest);
  EXPECT_EQ(load_checkpoint(folder.path(), model->parameters())->state.step, 3);
}

// Names and bytes of the tensors of the only checkpoint of one step.
std::map<std::string, int64_t> stored_after_one_step(const fs::path& folder, at::ScalarType dtype) {
  data::MemorySource source(random_groups(2));
  run_loop(*tiny_model(bt(), dtype), source, loop_config(1), folder, hooks_without_files());
  std::map<std::string, int64_t> stored;
  const io::SafetensorsReader file((folder / "checkpoints/step-00000001/tensors.safetensors").string());
  for (const io::TensorView& view : file.tensors()) stored[view.name] = static_cast<int64_t>(view.bytes.size());
  return stored;
}

TEST(Checkpoint, HoldsAFloat32WeightOnce) {
  const Folder wide("wide"), narrow("narrow");
  const std::string name = "model.embed_tokens.weight";
  const auto stored = stored_after_one_step(wide.path(), at::kFloat);
  EXPECT_EQ(stored.at("weight." + name), 32 * 16 * 4);
  for (const auto& [stored_name, bytes] : stored) EXPECT_FALSE(stored_name.starts_with("master.")) << stored_name;
  const auto with_masters = stored_after_one_step(narrow.path(), at::kBFloat16);
  EXPECT_EQ(with_masters.at("weight." + name), 32 * 16 * 2);
  EXPECT_EQ(with_masters.at("master." + name), 32 * 16 * 4);
}

TEST(Checkpoint, NamesATensorThatItLacks) {
  const Folder folder("lacking");
  const auto model = tiny_model(bt());
  const auto refusal = [&](const char* fact) {
    data::MemorySource source(random_groups(2));
    EXPECT_THAT([&] { run_loop(*model, source, loop_config(2), folder.path(), hooks_without_files()); },
                ThrowsMessage<Error>(AllOf(HasSubstr("the checkpoint does not fit"), HasSubstr(fact))));
  };
  save_checkpoint(folder.path(), {.step = 1}, {}, model->parameters());
  refusal("adamw.m.");
  save_checkpoint(folder.path(), {.step = 2}, Optimizer(model->parameters(), {}).state(), {});
  refusal("model.embed_tokens.weight; was `model` changed?");
}

TEST(Objective, RefusesContradictions) {
  const auto gpm = tiny_model({.kind = "gpm", .planes = 2});
  EXPECT_THROW(Objective(*gpm, {.center = 0.1}), ConfigError);
  EXPECT_THROW(Objective(*gpm, {.loss = "davidson"}), ConfigError);
  EXPECT_THROW(Objective(*gpm, {.loss = "cross-entropy"}), ConfigError);
}

TEST(Objective, TheLanguageModelTermReachesTheEmbeddings) {
  const auto model = tiny_model(bt());
  const TokenGroup group = cycle(3);
  const std::vector<GroupSelection> selections = {select_all(group)};
  const auto gradient = [&](double lm_weight) {
    for (const nn::Parameter& p : model->parameters().all()) Tensor(p.value).mutable_grad() = Tensor();
    const Objective objective(*model, {.lm_weight = lm_weight});
    objective.backward(selections, objective.counts(selections));
    return model->parameters().get("model.embed_tokens.weight").grad().clone();
  };
  // Rows 20 and beyond are no token of the data: only a softmax over the vocabulary reaches them.
  EXPECT_EQ(gradient(0).narrow(0, 20, 12).abs().max().item<double>(), 0);
  EXPECT_GT(gradient(0.5).narrow(0, 20, 12).abs().max().item<double>(), 0);
  // Alone, the term is the mean cross-entropy of the winners' tokens.
  const Tensor alone = gradient(1);
  for (const nn::Parameter& p : model->parameters().all()) Tensor(p.value).mutable_grad() = Tensor();
  const PackedBatch batch = pack(selections, {.lm_targets = LmTargets::kWinners});
  const Tensor states_TD = model->hidden(batch).index_select(0, batch.lm_rows_T);
  at::cross_entropy_loss(model->backbone().logits(states_TD), batch.lm_targets_T).backward();
  EXPECT_LT(distance(alone, model->parameters().get("model.embed_tokens.weight").grad()), 1e-6);
}

TEST(Schedule, WarmsUpAndEndsAtTheFloor) {
  for (const std::string& kind : kScheduleNames) {
    const ScheduleOptions options{.kind = kind, .warmup = 0.1, .floor = 0.02};
    EXPECT_NEAR(schedule_at(0, 100, options), 0.1, 1e-9) << kind;
    EXPECT_NEAR(schedule_at(10, 100, options), 1, 1e-9) << kind;
    const double last = schedule_at(99, 100, options);
    EXPECT_LT(last, kind == "constant" ? 1.1 : 0.08) << kind;
    EXPECT_GE(last, 0.02) << kind;
  }
  EXPECT_THROW(schedule_at(5, 10, {.kind = "cosin"}), ConfigError);
}

}  // namespace
}  // namespace rondo::train
