// SPDX-License-Identifier: Apache-2.0
// What every row of backbones.def must prove, on tiny random models: forest equals alone, tokens are counted, later
// tokens do not matter (for encoders they do), gradients reach every parameter, save and load keep the bits.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "rondo/base/error.h"
#include "rondo/core/pack.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/json.h"
#include "rondo/io/safetensors.h"
#include "rondo/model/directory.h"
#include "rondo/model/export.h"
#include "rondo/model/head_config.h"
#include "rondo/model/initial.h"
#include "rondo/model/scoring.h"
#include "tests/support/tensors.h"

namespace rondo {
namespace {

namespace fs = std::filesystem;
using testing::distance;

constexpr double kFloatTolerance = 1e-5;
constexpr int64_t kVocab = 50;

// Keys of config.json in the family's own spelling; what is special about a family is switched on, with windows shorter
// than the texts. Keys that a family does not read are taken out: some would be refused at loading.
nlohmann::json tiny_config(const backbones::FamilyEntry& family) {
  nlohmann::json config = {{"architectures", {std::string(family.architectures.front())}},
                           {"vocab_size", kVocab},
                           {"hidden_size", 32},
                           {"num_hidden_layers", 2},
                           {"num_attention_heads", 4},
                           {"num_key_value_heads", 2},
                           {"head_dim", 8},
                           {"intermediate_size", 24},
                           {"rope_theta", 100.0},
                           {"max_position_embeddings", 256},
                           {"sliding_window", 5},
                           {"local_attention", 6},
                           {"use_sliding_window", true},
                           {"max_window_layers", 1},
                           {"attn_logit_softcapping", 1.5},
                           {"query_pre_attn_scalar", 3},
                           {"type_vocab_size", 2},
                           {"relative_attention", true},
                           {"position_buckets", 4},
                           {"norm_rel_ebd", "layer_norm"},
                           {"pos_att_type", {"c2p", "p2c"}}};
  for (const backbones::KeyName& key : family.key_names) {
    config[std::string(key.own)] = config[std::string(key.usual)];
    config.erase(std::string(key.usual));
  }
  backbones::ConfigReader reader(config, "test");
  family.max_length(reader);
  family.build(family, reader, model::initial_backbone(family, family.sizes(reader), 0.3, 7));
  for (const std::string& key : reader.unused()) {
    if (key != "architectures") config.erase(key);
  }
  return config;
}

std::unique_ptr<model::Model> tiny_model(const backbones::FamilyEntry& family, const heads::HeadConfig& head,
                                         bool trainable) {
  const nlohmann::json config = tiny_config(family);
  backbones::ConfigReader reader(config, "test");
  const nn::Sizes sizes = family.sizes(reader);
  nn::ParameterSet parameters = model::initial_backbone(family, sizes, 0.3, 7);
  const nn::ParameterSet initial_head = model::initial_head(head, sizes.hidden, 7);
  for (const nn::Parameter& p : initial_head.all()) parameters.add(p.name, p.value);
  for (const nn::Parameter& p : parameters.all()) p.value.set_requires_grad(trainable);
  return std::make_unique<model::Model>(family, config, head, std::move(parameters));
}

heads::HeadConfig gated_hrc() { return {.kind = "hrc", .planes = 3, .gate = "softmax", .norm = "unit"}; }

std::vector<int32_t> draw(int64_t count, Random& random) {
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back(static_cast<int32_t>(random.below(kVocab)));
  return ids;
}

// prompt_length shared tokens, then responses of the given lengths that begin differently.
TokenGroup random_group(int64_t prompt_length, const std::vector<int64_t>& lengths, uint64_t seed) {
  Random random(seed);
  const std::vector<int32_t> prompt = draw(prompt_length, random);
  TokenGroup group{.gate_ids = prompt};
  for (const int64_t length : lengths) {
    TokenResponse r{.ids = prompt, .response_begin = prompt_length};
    const std::vector<int32_t> tail = draw(length, random);
    r.ids.insert(r.ids.end(), tail.begin(), tail.end());
    r.ids[static_cast<size_t>(prompt_length)] = static_cast<int32_t>(group.responses.size());
    r.type_ids.assign(r.ids.size(), 1);
    std::fill_n(r.type_ids.begin(), prompt_length, 0);
    r.pool_end = static_cast<int64_t>(r.ids.size());
    r.pool_begin = r.pool_end - 1;
    group.responses.push_back(std::move(r));
  }
  return group;
}

std::vector<TokenGroup> some_groups() {
  return {random_group(9, {4, 7, 4, 1}, 1), random_group(1, {30, 2}, 2), random_group(20, {3}, 3)};
}

TokenGroup alone(const TokenGroup& group, size_t response) {
  return {.responses = {group.responses[response]}, .gate_ids = group.gate_ids};
}

std::vector<PreferenceTable> score(const model::Model& model, const std::vector<TokenGroup>& groups,
                                   const model::ScoringOptions& options, model::ScoringCost& cost) {
  std::vector<const TokenGroup*> pointers;
  for (const TokenGroup& group : groups) pointers.push_back(&group);
  return model::score_groups(model, pointers, options, cost);
}

class EveryFamily : public ::testing::TestWithParam<const backbones::FamilyEntry*> {};

// What lies between the pooled state and the score is trained at the head's rate, wherever a family keeps it.
TEST_P(EveryFamily, CountsTheLayersOfItsClassifierToTheHead) {
  const backbones::FamilyEntry& family = *GetParam();
  const auto model = tiny_model(family, gated_hrc(), /*trainable=*/false);
  for (const nn::WeightRule& rule : family.classifier.weights) {
    EXPECT_FALSE(model->is_backbone(std::string(rule.name))) << rule.name;
  }
  for (const nn::ExpectedWeight& weight : nn::expand_rules(family.weights, model->backbone().sizes())) {
    EXPECT_TRUE(model->is_backbone(weight.name)) << weight.name;
  }
  EXPECT_FALSE(model->is_backbone("value_head.weight"));
}

TEST_P(EveryFamily, AForestEqualsEveryResponseAlone) {
  const auto model = tiny_model(*GetParam(), gated_hrc(), false);
  std::vector<TokenGroup> groups = some_groups();
  model::ScoringCost cost;
  double largest = 0;
  const auto together = score(*model, groups, {}, cost);
  std::reverse(groups.begin(), groups.end());
  const auto reversed = score(*model, groups, {.token_budget = 25}, cost);
  for (size_t g = 0; g < groups.size(); ++g) {
    const TokenGroup& group = groups[g];
    for (size_t r = 0; r < group.responses.size(); ++r) {
      const auto one = score(*model, {alone(group, r)}, {}, cost);
      const auto row = static_cast<int64_t>(r);
      for (const PreferenceTable& table : {together[groups.size() - 1 - g], reversed[g]}) {
        for (const double difference :
             {distance(table.rewards_M[row], one[0].rewards_M[0]),
              distance(table.embeddings_ME[row], one[0].embeddings_ME[0]), distance(table.gate_P, one[0].gate_P)}) {
          EXPECT_LT(difference, kFloatTolerance);
          largest = std::max(largest, difference);
        }
      }
    }
  }
  RecordProperty("forest_alone", fmt::format("{:.2e}", largest));
}

TEST_P(EveryFamily, DeterministicScoresHaveTheSameBitsEverywhere) {
  const auto model = tiny_model(*GetParam(), gated_hrc(), false);
  const std::vector<TokenGroup> groups = some_groups();
  model::ScoringCost cost;
  const model::ScoringOptions options{.deterministic = true};
  const auto together = score(*model, groups, options, cost);
  for (size_t g = 0; g < groups.size(); ++g) {
    const Tensor table_MM = model::table_scores(together[g], options);
    for (size_t r = 0; r < groups[g].responses.size(); ++r) {
      const auto one = score(*model, {alone(groups[g], r)}, options, cost);
      const auto row = static_cast<int64_t>(r);
      EXPECT_TRUE(at::equal(together[g].rewards_M.narrow(0, row, 1), one[0].rewards_M));
      EXPECT_TRUE(at::equal(together[g].embeddings_ME.narrow(0, row, 1), one[0].embeddings_ME));
    }
    // A pair of the group has the bits of its table entry.
    if (groups[g].responses.size() < 2) continue;
    const TokenGroup pair{.responses = {groups[g].responses[1], groups[g].responses[0]},
                          .gate_ids = groups[g].gate_ids};
    const Tensor pair_MM = model::table_scores(score(*model, {pair}, options, cost)[0], options);
    EXPECT_TRUE(at::equal(pair_MM[1][0], table_MM[0][1]));
  }
}

TEST_P(EveryFamily, TokensComputedAreThePrefixOnceAndTheResponses) {
  const bool is_encoder = GetParam()->is_encoder;
  const auto model = tiny_model(*GetParam(), gated_hrc(), false);
  model::ScoringCost cost;
  score(*model, {random_group(9, {4, 7, 4, 1}, 1)}, {}, cost);
  // An encoder reads the prompt with each response, and once alone for the gate.
  EXPECT_EQ(cost.tokens, (is_encoder ? 4 * 9 + 9 : 9) + 4 + 7 + 4 + 1);
  EXPECT_EQ(cost.queries, 4);
  // Responses that begin alike share that as well; equal sequences cost nothing more.
  TokenGroup group = random_group(5, {3, 3}, 4);
  group.responses[1] = group.responses[0];
  group.responses[1].ids.back() ^= 1;
  model::ScoringCost alike;
  score(*model, {group}, {}, alike);
  EXPECT_EQ(alike.tokens, is_encoder ? 8 + 8 + 5 : 5 + 2 + 1 + 1);
}

TEST_P(EveryFamily, LaterTokensChangeEarlierStatesOfEncodersOnly) {
  const auto model = tiny_model(*GetParam(), gated_hrc(), false);
  TokenGroup longer = random_group(4, {6}, 1);
  TokenGroup shorter = longer;
  shorter.responses[0].ids.resize(7);
  shorter.responses[0].type_ids.resize(7);
  for (TokenGroup* group : {&longer, &shorter}) {
    group->responses[0].pool_begin = 6;
    group->responses[0].pool_end = 7;
  }
  model::ScoringCost cost;
  const double change =
      distance(score(*model, {longer}, {}, cost)[0].embeddings_ME, score(*model, {shorter}, {}, cost)[0].embeddings_ME);
  EXPECT_EQ(change > kFloatTolerance, GetParam()->is_encoder) << change;
}

TEST_P(EveryFamily, ThePooledPositionMatters) {
  const auto model = tiny_model(*GetParam(), gated_hrc(), false);
  TokenGroup group = random_group(4, {6}, 1), shifted = group;
  --shifted.responses[0].pool_begin;
  --shifted.responses[0].pool_end;
  model::ScoringCost cost;
  EXPECT_GT(
      distance(score(*model, {group}, {}, cost)[0].embeddings_ME, score(*model, {shifted}, {}, cost)[0].embeddings_ME),
      1e-3);
  // Mean pooling is the mean of the states at its positions.
  TokenGroup mean = group;
  mean.responses[0].pool_begin -= 1;
  const auto state = [&](const TokenGroup& g) {
    const GroupSelection s = select_all(g);
    const PackedBatch batch = pack({&s, 1}, {.bidirectional = GetParam()->is_encoder});
    return model->pooled(batch, model->hidden(batch));
  };
  EXPECT_LT(distance(state(mean), (state(group) + state(shifted)) / 2), kFloatTolerance);
}

TEST_P(EveryFamily, ThePromptGetsItsGradientOnceThroughAllResponses) {
  // The gradients of a forest equal the sum of those of its responses alone.
  const TokenGroup group = random_group(9, {4, 7, 4}, 1);
  const auto gradients = [&](const std::vector<TokenGroup>& parts) {
    const auto model = tiny_model(*GetParam(), {.kind = "bt", .norm = "none", .tau = 1}, true);
    for (const TokenGroup& part : parts) {
      const GroupSelection s = select_all(part);
      model->forward(pack({&s, 1}, {.bidirectional = GetParam()->is_encoder})).rewards_R.sum().backward();
    }
    std::vector<Tensor> all;
    for (const nn::Parameter& p : model->parameters().all()) {
      EXPECT_TRUE(p.value.grad().defined()) << p.name;
      all.push_back(p.value.grad().flatten());
    }
    return at::cat(all);
  };
  const Tensor forest = gradients({group});
  const Tensor separate = gradients({alone(group, 0), alone(group, 1), alone(group, 2)});
  EXPECT_GT(forest.abs().max().item<double>(), 1e-3);
  EXPECT_LT(distance(forest, separate), 1e-4);
}

TEST_P(EveryFamily, SaveAndLoadKeepTheBits) {
  const auto model = tiny_model(*GetParam(), gated_hrc(), false);
  const fs::path folder = fs::temp_directory_path() / ("rondo_family_" + std::to_string(::getpid()));
  model::save(*model, nlohmann::json::object(), folder, folder);
  const model::LoadedModel loaded = model::load(folder);
  EXPECT_EQ(model::weights_hash(*model), model::weights_hash(*loaded.model));
  EXPECT_EQ(loaded.model->head_config().gate, "softmax");
  model::ScoringCost cost;
  EXPECT_TRUE(at::equal(score(*model, some_groups(), {}, cost)[0].rewards_M,
                        score(*loaded.model, some_groups(), {}, cost)[0].rewards_M));
  fs::remove_all(folder);
}

// What `rondo export` writes for a BT head is what transformers' class of the family computes: the same rewards from
// the class's own tensors, which load by the class name alone.
TEST_P(EveryFamily, ABtHeadBecomesTheFamilysOwnClassifier) {
  const auto model = tiny_model(*GetParam(), {.kind = "bt", .norm = "none", .tau = 1}, false);
  const fs::path folder = fs::temp_directory_path() / ("rondo_classifier_" + std::to_string(::getpid()));
  try {
    model::save(model::as_classifier(*model), nlohmann::json::object(), folder, folder);
  } catch (const ModelError& error) {
    // Only a norm behind the layer has no inverse.
    EXPECT_NE(std::string(error.what()).find("has a norm between state and output"), std::string::npos);
    return;
  }
  nlohmann::json config = io::read_json_file(folder / "config.json");
  EXPECT_TRUE(model::is_classifier(config)) << config["architectures"];
  config.erase("rondo");
  io::write_file(folder / "config.json", config.dump());
  const model::LoadedModel loaded = model::load(folder);
  EXPECT_EQ(loaded.model->head_config().classifier, GetParam()->classifier.build != nullptr);
  model::ScoringCost cost;
  const auto before = score(*model, some_groups(), {}, cost), after = score(*loaded.model, some_groups(), {}, cost);
  for (size_t g = 0; g < before.size(); ++g) {
    EXPECT_LT(distance(before[g].rewards_M, after[g].rewards_M), 1e-6);
    EXPECT_GT(before[g].rewards_M.abs().max().item<double>(), 1e-3);
  }
  fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Table, EveryFamily,
                         ::testing::ValuesIn(backbones::all_families().begin(), backbones::all_families().end()),
                         [](const auto& row) { return std::string(row.param->name); });

}  // namespace
}  // namespace rondo
