// SPDX-License-Identifier: Apache-2.0
// Phi-3 and Phi-4 (mini, medium, text): Llama with the projections of attention and of the gate in one matrix each, a
// window where the config names one, and a part of each head rotated. arXiv:2404.14219, arXiv:2503.01743.
#include "rondo/backbones/shared/decoder.h"

namespace rondo::backbones {
namespace {

constexpr auto kWeights = std::to_array<nn::WeightRule>({
    {"model.embed_tokens.weight", "VD"},
    {"model.norm.weight", "D"},
    {"model.layers.{}.input_layernorm.weight", "D"},
    {"model.layers.{}.self_attn.qkv_proj.weight", "(HK+2JK)D"},
    {"model.layers.{}.self_attn.o_proj.weight", "D(HK)"},
    {"model.layers.{}.post_attention_layernorm.weight", "D"},
    {"model.layers.{}.mlp.gate_up_proj.weight", "(2F)D"},
    {"model.layers.{}.mlp.down_proj.weight", "DF"},
});

constexpr int64_t kDefaultLength = 4096;

// Every scaling of this family is longrope, under names ("su", "yarn") that mean something else elsewhere.
constexpr RopeKeys kRope{.share = "partial_rotary_factor", .takes_scalings = false};

int64_t max_length(ConfigReader& config) { return read_max_length(config, kDefaultLength); }

DecoderValues fused(ConfigReader& config, const nn::Sizes& s) {
  max_length(config);
  config.integer_or("original_max_position_embeddings", kDefaultLength, 1, kMostSize);  // of longrope only
  return {.default_eps = 1e-5,
          .is_fused = true,
          .kinds = {{.window = read_window(config, 0), .rope = read_rope(config, s.head_size, kRope)}}};
}

}  // namespace

constinit const FamilyEntry phi3_entry{
    .name = "phi3",
    .model_type = "phi3",
    .architectures = {"Phi3ForCausalLM", "Phi3ForSequenceClassification", "Phi3Model"},
    .weights = kWeights,
    .default_pad = 32000,
    .max_length = &max_length,
    .decoder = &fused,
};

}  // namespace rondo::backbones
