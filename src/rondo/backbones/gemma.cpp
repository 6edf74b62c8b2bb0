// SPDX-License-Identifier: Apache-2.0
// Gemma 1: Llama with GeGLU, norms centred at 1, and embeddings scaled by sqrt(D). arXiv:2403.08295.
#include <cmath>

#include "rondo/backbones/shared/decoder.h"
#include "rondo/backbones/shared/rope_config.h"

namespace rondo::backbones {
namespace {

constexpr std::string_view kArchitectures[] = {"GemmaForCausalLM", "GemmaForSequenceClassification", "GemmaModel"};

using enum nn::Start;

constexpr nn::WeightRule kWeights[] = {
    {"model.embed_tokens.weight", "VD"},
    {"model.norm.weight", "D", kZeros},
    {"model.layers.{}.input_layernorm.weight", "D", kZeros},
    {"model.layers.{}.self_attn.q_proj.weight", "(HK)D"},
    {"model.layers.{}.self_attn.k_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.v_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.o_proj.weight", "D(HK)"},
    {"model.layers.{}.self_attn.q_proj.bias", "(HK)", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.k_proj.bias", "(JK)", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.v_proj.bias", "(JK)", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.o_proj.bias", "D", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.post_attention_layernorm.weight", "D", kZeros},
    {"model.layers.{}.mlp.gate_proj.weight", "FD"},
    {"model.layers.{}.mlp.up_proj.weight", "FD"},
    {"model.layers.{}.mlp.down_proj.weight", "DF"},
};

constexpr std::string_view kIgnorable[] = {"model.layers.{}.self_attn.rotary_emb.inv_freq"};

constexpr int64_t kDefaultHeadSize = 256;

nn::Sizes sizes(ConfigReader& config) {
  nn::Sizes s = read_decoder_sizes(config, kDefaultHeadSize);
  s.attention_bias = config.boolean_or("attention_bias", false);
  return s;
}

// Early configs say "gelu" and mean the approximation by tanh, which hidden_activation then states.
nn::Activation activation_of(ConfigReader& config) {
  const nn::Activation stated = read_activation(config, "hidden_activation", "gelu_pytorch_tanh");
  const nn::Activation named = read_activation(config, "hidden_act", "gelu_pytorch_tanh");
  return named == nn::Activation::kGelu ? stated : named;
}

std::unique_ptr<Backbone> build(ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = sizes(config);
  config.require_false("use_bidirectional_attention");
  const DecoderValues values{.norm = nn::NormKind::kRmsCentered, .eps = config.number_or("rms_norm_eps", 1e-6, 0, 1)};
  const nn::Activation activation = activation_of(config);
  TransformerParts parts = decoder_parts(gemma_entry, config, parameters, values);
  parts.embeddings.scale = std::sqrt(static_cast<double>(s.hidden));
  parts.kinds = {{.rope = read_rope(config, s.head_size)}};
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = Weights(parameters, "model.layers.").under(i);
    parts.blocks.push_back({.attention_norm = layer.norm("input_layernorm", values.norm, values.eps),
                            .attention = {.qkv = decoder_qkv(layer.under("self_attn"), s),
                                          .out = layer.linear("self_attn.o_proj"),
                                          .options = {.scale = usual_scale(s)}},
                            .mlp_norm = layer.norm("post_attention_layernorm", values.norm, values.eps),
                            .mlp = gated_mlp(layer.under("mlp"), activation)});
  }
  return std::make_unique<Transformer>(s, std::move(parts));
}

}  // namespace

constinit const FamilyEntry gemma_entry{
    .name = "gemma",
    .model_type = "gemma",
    .architectures = kArchitectures,
    .prefix = "model.",
    .sizes = &sizes,
    .weights = kWeights,
    .ignorable = kIgnorable,
    .lm_head = "lm_head.weight",
    .tied = true,
    .max_length = [](ConfigReader& config) { return read_max_length(config, 8192); },
    .build = &build,
};

}  // namespace rondo::backbones
