// SPDX-License-Identifier: Apache-2.0
// Phi-3 and Phi-4 (mini, medium, text): Llama with the projections of attention and of the gate in one matrix each, a
// window where the config names one, and a part of each head rotated. arXiv:2404.14219, arXiv:2503.01743.
#include "rondo/backbones/shared/decoder.h"
#include "rondo/backbones/shared/rope_config.h"

namespace rondo::backbones {
namespace {

constexpr std::string_view kArchitectures[] = {"Phi3ForCausalLM", "Phi3ForSequenceClassification", "Phi3Model"};

constexpr nn::WeightRule kWeights[] = {
    {"model.embed_tokens.weight", "VD"},
    {"model.norm.weight", "D"},
    {"model.layers.{}.input_layernorm.weight", "D"},
    {"model.layers.{}.self_attn.qkv_proj.weight", "(HK+2JK)D"},
    {"model.layers.{}.self_attn.o_proj.weight", "D(HK)"},
    {"model.layers.{}.post_attention_layernorm.weight", "D"},
    {"model.layers.{}.mlp.gate_up_proj.weight", "(2F)D"},
    {"model.layers.{}.mlp.down_proj.weight", "DF"},
};

constexpr std::string_view kIgnorable[] = {"model.layers.{}.self_attn.rotary_emb.inv_freq"};

constexpr int64_t kDefaultLength = 4096;

// Every scaling of this family is longrope, under names ("su", "yarn") that mean something else elsewhere.
constexpr RopeKeys kRope{.takes_scalings = false};

nn::Sizes sizes(ConfigReader& config) { return read_decoder_sizes(config); }

std::unique_ptr<Backbone> build(ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = sizes(config);
  read_max_length(config, kDefaultLength);
  config.integer_or("original_max_position_embeddings", kDefaultLength, 1, kMostSize);  // of longrope only
  const DecoderValues values{.norm = nn::NormKind::kRms, .eps = config.number_or("rms_norm_eps", 1e-5, 0, 1)};
  const nn::Activation activation = read_activation(config, "hidden_act", "silu");
  TransformerParts parts = decoder_parts(phi3_entry, config, parameters, values);
  parts.kinds = {{.window = read_window(config, 0), .rope = read_rope(config, s.head_size, kRope)}};
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = Weights(parameters, "model.layers.").under(i);
    parts.blocks.push_back(
        {.attention_norm = layer.norm("input_layernorm", values.norm, values.eps),
         .attention = {.qkv = fused_qkv(nn::QkvProjection::Layout::kStacked, layer.linear("self_attn.qkv_proj"), s),
                       .out = layer.linear("self_attn.o_proj"),
                       .options = {.scale = usual_scale(s)}},
         .mlp_norm = layer.norm("post_attention_layernorm", values.norm, values.eps),
         .mlp = {.gating = nn::FeedForward::Gate::kStacked,
                 .activation = activation,
                 .in = layer.linear("mlp.gate_up_proj"),
                 .out = layer.linear("mlp.down_proj")}});
  }
  return std::make_unique<Transformer>(s, std::move(parts));
}

}  // namespace

constinit const FamilyEntry phi3_entry{
    .name = "phi3",
    .model_type = "phi3",
    .architectures = kArchitectures,
    .prefix = "model.",
    .sizes = &sizes,
    .weights = kWeights,
    .ignorable = kIgnorable,
    .lm_head = "lm_head.weight",
    .max_length = [](ConfigReader& config) { return read_max_length(config, kDefaultLength); },
    .build = &build,
};

}  // namespace rondo::backbones
