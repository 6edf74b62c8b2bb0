// SPDX-License-Identifier: Apache-2.0
// Policies against transformers: greedy search token by token, log-probabilities of responses and their gradients, on
// models that tools/record_generation.py recorded (versions and seed in each case.json).
#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rondo/align/policy/log_probs.h"
#include "rondo/generate/generator.h"
#include "rondo/io/json.h"
#include "rondo/io/safetensors.h"
#include "rondo/model/directory.h"
#include "rondo/model/tensors.h"
#include "tests/support/shared_data.h"
#include "tests/support/tensors.h"

namespace rondo {
namespace {

namespace fs = std::filesystem;
using testing::distance;

constexpr double kTolerance = 1e-5;

std::vector<std::string> recorded_policies() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(testing::fixture_folder() / "generation"))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// Words "0" to "47", whose ids they are.
text::Tokenizer number_words() {
  nlohmann::json vocab;
  for (int id = 0; id < 48; ++id) vocab[std::to_string(id)] = id;
  const nlohmann::json tokenizer = {{"version", "1.0"},
                                    {"added_tokens", nlohmann::json::array()},
                                    {"normalizer", nullptr},
                                    {"pre_tokenizer", {{"type", "Whitespace"}}},
                                    {"post_processor", nullptr},
                                    {"decoder", nullptr},
                                    {"model", {{"type", "WordLevel"}, {"vocab", vocab}, {"unk_token", "0"}}}};
  return text::Tokenizer::from_json(tokenizer.dump(), "number words");
}

class EveryPolicy : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    folder_ = testing::fixture_folder() / "generation" / GetParam();
    recorded_ = io::read_json_file(folder_ / "case.json");
  }
  std::unique_ptr<model::Model> load(bool trainable) const {
    return model::load(folder_, {.trainable = trainable, .as_policy = true}).model;
  }
  std::vector<TokenGroup> groups() const {
    std::vector<TokenGroup> groups;
    for (const auto& group : recorded_["groups"]) {
      groups.push_back(align::policy_group(group["prompt"].get<std::vector<int32_t>>(),
                                           group["responses"].get<std::vector<std::vector<int32_t>>>()));
    }
    return groups;
  }
  fs::path folder_;
  nlohmann::json recorded_;
};

TEST_P(EveryPolicy, GreedySearchFindsTheSameTokens) {
  const auto policy = load(false);
  const text::Tokenizer tokenizer = number_words();
  std::vector<generate::TokenPrompt> prompts;
  for (const auto& ids : recorded_["prompts"]) prompts.push_back({ids.get<std::vector<int32_t>>(), prompts.size()});
  const auto greedy = recorded_["greedy"].get<std::vector<std::vector<int32_t>>>();
  generate::GenerateOptions options;
  options.sampling.temperature = 0;
  options.responses = 2;
  options.max_new_tokens = static_cast<int64_t>(greedy.front().size());
  for (const int64_t budget : {1, 1000}) {  // one prompt at a time, and many of different lengths together
    options.token_budget = budget;
    size_t seen = 0;
    generate::generate(*policy, tokenizer, prompts, options, [&](size_t index, const auto& responses) {
      EXPECT_EQ(index, seen++);
      for (const generate::GeneratedResponse& r : responses) {
        EXPECT_EQ(r.ids, greedy[index]) << "prompt " << index << " budget " << budget;
        EXPECT_EQ(r.finish, "length");
      }
    });
    EXPECT_EQ(seen, prompts.size());
  }
}

TEST_P(EveryPolicy, LogProbabilitiesAndGradientsAreEqual) {
  const auto policy = load(true);
  const std::vector<TokenGroup> groups = this->groups();
  std::vector<GroupSelection> selections;
  std::vector<double> weights, expected;
  for (size_t g = 0; g < groups.size(); ++g) {
    selections.push_back(select_all(groups[g]));
    for (const double w : recorded_["groups"][g]["weights"]) weights.push_back(w);
    for (const double v : recorded_["groups"][g]["log_probs"]) expected.push_back(v);
  }
  const PackedBatch batch = pack(selections, {.lm_targets = LmTargets::kAll});
  const align::ResponseLogProbs log_probs = align::response_log_probs(*policy, batch);
  for (size_t r = 0; r < expected.size(); ++r) {
    const double ours = log_probs.sum_R[static_cast<int64_t>(r)].item<double>();
    EXPECT_NEAR(ours, expected[r], kTolerance * std::abs(expected[r])) << "response " << r;
  }
  (log_probs.sum_R * at::tensor(weights, log_probs.sum_R.options())).sum().backward();
  const auto reader = std::make_shared<const io::SafetensorsReader>(folder_ / "gradients.safetensors");
  for (const nn::Parameter& p : policy->parameters().all()) {
    const io::TensorView* const view = reader->find(p.name);
    ASSERT_NE(view, nullptr) << p.name;
    const Tensor recorded = model::view_tensor(*view, reader);
    const double scale = std::max(1.0, recorded.abs().max().item<double>());
    EXPECT_LT(distance(p.value.grad(), recorded), kTolerance * scale) << p.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, EveryPolicy, ::testing::ValuesIn(recorded_policies()),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace rondo
