// SPDX-License-Identifier: Apache-2.0
// config.json: older spellings mean the same as newer ones, and what would change the maths is refused.
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "rondo/backbones/shared/family.h"
#include "rondo/base/error.h"
#include "rondo/io/test_folder.h"
#include "tests/support/tensors.h"

namespace rondo::backbones {
namespace {

using nlohmann::json;
using rondo::testing::distance;
using ::testing::HasSubstr;

json base() {
  return {{"vocab_size", 20},         {"hidden_size", 16},      {"num_hidden_layers", 2},
          {"num_attention_heads", 2}, {"intermediate_size", 8}, {"head_dim", 8}};
}

json with(json config, const json& more) {
  config.update(more);
  return config;
}

// Hidden states of one sequence under fixed random weights.
Tensor states(const char* name, const json& config) {
  const FamilyEntry& family = family_by_name(name);
  ConfigReader reader(config, "test");
  nn::ParameterSet parameters;
  for (const nn::ExpectedWeight& weight : nn::expand_rules(family.weights, family.sizes(reader))) {
    parameters.add(weight.name, rondo::testing::random_tensor(weight.shape, weight.name.size(), at::kFloat) * 0.5);
  }
  const auto backbone = family.build(family, reader, parameters);
  reader.refuse_unread_maths();
  constexpr int64_t kLength = 12;
  PackedBatch batch{.ids_N = at::arange(kLength), .positions_N = at::arange(kLength)};
  batch.layout = {.trees = {{.runs = {{0, 1, kLength}}}}, .token_count = kLength, .bidirectional = family.is_encoder};
  const at::NoGradGuard no_grad;
  return backbone->forward(batch, {});
}

std::string refusal(const char* name, const json& config) {
  return io::message_of<ModelError>([&] { states(name, config); });
}

// Both spellings give the same bits; another value gives other states, so that the key is read at all.
void expect_same(const char* name, const json& older, const json& newer, const json& other) {
  EXPECT_EQ(distance(states(name, with(base(), older)), states(name, with(base(), newer))), 0) << name;
  EXPECT_GT(distance(states(name, with(base(), older)), states(name, with(base(), other))), 1e-3) << name;
}

TEST(Config, OlderSpellingsOfRotaryPositionsMeanTheSame) {
  expect_same("llama", {{"rope_theta", 50.0}, {"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}},
              {{"rope_parameters", {{"rope_type", "linear"}, {"factor", 2.0}, {"rope_theta", 50.0}}}},
              {{"rope_theta", 50.0}});
  expect_same("gpt_neox", {{"rotary_emb_base", 50}, {"rotary_pct", 0.5}},
              {{"rope_parameters", {{"rope_theta", 50}, {"partial_rotary_factor", 0.5}}}},
              {{"rotary_emb_base", 50}, {"rotary_pct", 0.25}});
  const json layers = {{"layer_types", {"full_attention", "sliding_attention"}}};
  expect_same("gemma3",
              with({{"rope_theta", 500.0},
                    {"rope_local_base_freq", 50.0},
                    {"rope_scaling", {{"rope_type", "linear"}, {"factor", 8.0}}}},
                   layers),
              with({{"rope_parameters",
                     {{"full_attention", {{"rope_type", "linear"}, {"factor", 8.0}, {"rope_theta", 500.0}}},
                      {"sliding_attention", {{"rope_theta", 50.0}}}}}},
                   layers),
              with({{"rope_theta", 500.0}, {"rope_local_base_freq", 50.0}}, layers));
  expect_same("modernbert", {{"global_rope_theta", 500.0}, {"local_rope_theta", 50.0}},
              {{"rope_parameters",
                {{"full_attention", {{"rope_theta", 500.0}}}, {"sliding_attention", {{"rope_theta", 50.0}}}}}},
              {{"global_rope_theta", 500.0}});
}

TEST(Config, PatternsOfLayersMeanTheListsTheyStandFor) {
  const json window = {{"sliding_window", 3}};
  expect_same("gemma2", window, with(window, {{"layer_types", {"sliding_attention", "full_attention"}}}),
              with(window, {{"layer_types", {"full_attention", "sliding_attention"}}}));
  expect_same("gemma3", with(window, {{"sliding_window_pattern", 2}}),
              with(window, {{"layer_types", {"sliding_attention", "full_attention"}}}), window);
  expect_same("qwen2", with(window, {{"use_sliding_window", true}, {"max_window_layers", 1}}),
              with(window, {{"use_sliding_window", true}, {"layer_types", {"full_attention", "sliding_attention"}}}),
              window);
  // Null is no window, a missing key the default of the family.
  expect_same("mistral", {{"sliding_window", nullptr}}, json::object(), window);
}

TEST(Config, CapsAreMissingOrNull) {
  expect_same("gemma2", {{"attn_logit_softcapping", nullptr}}, {{"attn_logit_softcapping", 0}},
              {{"attn_logit_softcapping", 0.1}});
}

TEST(Config, RefusesWhatItWouldComputeWrong) {
  EXPECT_THAT(refusal("phi3", with(base(), {{"rope_scaling", {{"type", "yarn"}, {"factor", 2.0}}}})),
              HasSubstr("known for this family: default"));
  EXPECT_THAT(refusal("gemma2", with(base(), {{"layer_types", {"full_attention"}}})),
              HasSubstr("has 1 entries for 2 layers"));
  EXPECT_THAT(refusal("gemma2", with(base(), {{"layer_types", {"full_attention", "chunked_attention"}}})),
              HasSubstr("holds 'chunked_attention'"));
  EXPECT_THAT(refusal("gemma3", with(base(), {{"use_bidirectional_attention", true}})), HasSubstr("not implemented"));
  EXPECT_THAT(refusal("bert", with(base(), {{"is_decoder", true}})), HasSubstr("not implemented"));
  EXPECT_THAT(refusal("bert", with(base(), {{"position_embedding_type", "relative_key"}})),
              HasSubstr("only 'absolute'"));
  EXPECT_THAT(refusal("deberta_v2", with(base(), {{"conv_kernel_size", 3}})), HasSubstr("convolution"));
  EXPECT_THAT(refusal("deberta_v2", with(base(), {{"pos_att_type", "p2p"}})), HasSubstr("known: c2p, p2c"));
  EXPECT_THAT(refusal("llama", with(base(), {{"rope_scaling", {{"rope_type", "linear"}, {"factor", 2}}},
                                             {"rope_parameters", {{"rope_theta", 50}}}})),
              HasSubstr("which one holds"));
  EXPECT_THAT(io::message_of<ModelError>([] { family_of_architecture("MistralForTokenClassification"); }),
              HasSubstr("MistralForCausalLM"));
}

TEST(Config, RobertaLosesThePositionsUpToItsPadding) {
  const json config = with(base(), {{"max_position_embeddings", 514}, {"pad_token_id", 1}});
  ConfigReader reader(config, "test");
  EXPECT_EQ(family_by_name("roberta").max_length(reader), 512);
}

}  // namespace
}  // namespace rondo::backbones
