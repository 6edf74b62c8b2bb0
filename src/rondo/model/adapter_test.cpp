// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/adapter.h"

#include <gmock/gmock.h>

#include "rondo/base/error.h"
#include "rondo/io/json.h"
#include "rondo/io/test_folder.h"
#include "rondo/model/adapter_config.h"

namespace rondo::model {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Matrix> llama() {
  const nn::Sizes sizes{.vocab = 20, .hidden = 8, .layers = 2, .heads = 2, .kv_heads = 1, .head_size = 4, .inner = 12};
  return block_matrices(backbones::family_by_name("llama"), sizes);
}

std::vector<std::string> names(const std::vector<Matrix>& matrices) {
  std::vector<std::string> names;
  for (const Matrix& matrix : matrices) names.push_back(matrix.module);
  return names;
}

TEST(Adapter, KnowsTheMatricesOfTheBlocks) {
  const std::vector<Matrix> matrices = llama();
  ASSERT_EQ(matrices.size(), 14u);
  EXPECT_EQ(matrices[1].module, "model.layers.0.self_attn.k_proj");
  EXPECT_EQ(matrices[1].in, 8);
  EXPECT_EQ(matrices[1].out, 4);
  const nn::Sizes sizes{.vocab = 20, .hidden = 8, .layers = 1, .heads = 2, .inner = 12, .positions = 5};
  const std::vector<Matrix> stored_in_out = block_matrices(backbones::family_by_name("gpt2"), sizes);
  ASSERT_EQ(stored_in_out.size(), 4u);
  EXPECT_EQ(stored_in_out[0].in, 8);
  EXPECT_EQ(stored_in_out[0].out, 24);
}

TEST(Adapter, NamesAreWholeOrLastParts) {
  EXPECT_EQ(targeted(llama(), {}).size(), 14u);
  EXPECT_THAT(names(targeted(llama(), {.targets = {"q_proj"}})),
              ElementsAre("model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.q_proj"));
  EXPECT_THAT(names(targeted(llama(), {.targets = {"layers.1.mlp.up_proj", "model.layers.0.mlp.up_proj"}})),
              ElementsAre("model.layers.0.mlp.up_proj", "model.layers.1.mlp.up_proj"));
}

TEST(Adapter, APatternMatchesWholeNames) {
  EXPECT_THAT(names(targeted(llama(), {.pattern = R"(.*\.1\.self_attn\.[qk]_proj)"})),
              ElementsAre("model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.k_proj"));
  EXPECT_THAT(names(targeted(llama(), {.pattern = R"(model|model\.layers\.0\.mlp\.up_proj)"})),
              ElementsAre("model.layers.0.mlp.up_proj"));
  EXPECT_THAT(io::message_of<ConfigError>([] { targeted(llama(), {.pattern = "q_proj"}); }),
              HasSubstr("no module matches the pattern 'q_proj'"));
}

TEST(Adapter, AnUnknownNameIsAnsweredWithTheNearOne) {
  const std::string message = io::message_of<ConfigError>([] { targeted(llama(), {.targets = {"q_prj"}}); });
  EXPECT_THAT(message, HasSubstr("did you mean 'q_proj'"));
  EXPECT_THAT(message, HasSubstr("gate_proj"));
  // A part of a word is no name.
  EXPECT_THROW(targeted(llama(), {.targets = {"proj"}}), ConfigError);
}

TEST(Adapter, ConfigsAreReadAsTheyWereWritten) {
  const AdapterManifest manifest{.lora = {.rank = 3,
                                          .alpha = 7,
                                          .dropout = 0.25,
                                          .rank_stabilised = true,
                                          .targets = {"q_proj", "v_proj"},
                                          .base = "/base"}};
  const nn::LoraConfig read = read_adapter_config(write_adapter_config(manifest), "here");
  EXPECT_EQ(read.rank, 3);
  EXPECT_EQ(read.alpha, 7);
  EXPECT_EQ(read.dropout, 0.25);
  EXPECT_TRUE(read.rank_stabilised);
  EXPECT_THAT(read.targets, ElementsAre("q_proj", "v_proj"));
  EXPECT_EQ(read.base, "/base");
  EXPECT_DOUBLE_EQ(read.scale(), 7 / std::sqrt(3.0));
}

TEST(Adapter, OtherMathsIsRefusedByName) {
  const std::pair<const char*, json> settings[] = {{"use_dora", true},
                                                   {"rank_pattern", {{"q_proj", 4}}},
                                                   {"alpha_pattern", {{"q_proj", 4}}},
                                                   {"bias", "all"},
                                                   {"lora_bias", true},
                                                   {"layers_to_transform", {0}},
                                                   {"layer_replication", json::array({json::array({0, 1})})},
                                                   {"init_lora_weights", "pissa"},
                                                   {"trainable_token_indices", {1}},
                                                   {"peft_type", "IA3"},
                                                   {"exclude_modules", {"q_proj"}},
                                                   {"a_key_of_tomorrow", 1},
                                                   {"lora_dropout", 1.0},
                                                   {"target_modules", 3}};
  for (const auto& [key, value] : settings) {
    json config = {{"r", 2}, {"lora_alpha", 4}, {"target_modules", {"q_proj"}}};
    EXPECT_EQ(read_adapter_config(config, "here").rank, 2);
    config[key] = value;
    EXPECT_THAT(io::message_of<ModelError>([&] { read_adapter_config(config, "here"); }), HasSubstr(key));
  }
}

}  // namespace
}  // namespace rondo::model
