// SPDX-License-Identifier: Apache-2.0
// Llama 1 to 3: pre-norm decoder with RMSNorm, rotary positions, grouped queries and SwiGLU.
// arXiv:2302.13971, arXiv:2307.09288, arXiv:2407.21783.
#include "rondo/backbones/shared/decoder.h"
#include "rondo/backbones/shared/rope_config.h"

namespace rondo::backbones {
namespace {

constexpr std::string_view kArchitectures[] = {"LlamaForCausalLM", "LlamaForSequenceClassification", "LlamaModel"};

using enum nn::Start;

constexpr nn::WeightRule kWeights[] = {
    {"model.embed_tokens.weight", "VD"},
    {"model.norm.weight", "D"},
    {"model.layers.{}.input_layernorm.weight", "D"},
    {"model.layers.{}.self_attn.q_proj.weight", "(HK)D"},
    {"model.layers.{}.self_attn.k_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.v_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.o_proj.weight", "D(HK)"},
    {"model.layers.{}.self_attn.q_proj.bias", "(HK)", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.k_proj.bias", "(JK)", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.v_proj.bias", "(JK)", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.o_proj.bias", "D", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.post_attention_layernorm.weight", "D"},
    {"model.layers.{}.mlp.gate_proj.weight", "FD"},
    {"model.layers.{}.mlp.up_proj.weight", "FD"},
    {"model.layers.{}.mlp.down_proj.weight", "DF"},
    {"model.layers.{}.mlp.gate_proj.bias", "F", kZeros, &nn::Sizes::mlp_bias},
    {"model.layers.{}.mlp.up_proj.bias", "F", kZeros, &nn::Sizes::mlp_bias},
    {"model.layers.{}.mlp.down_proj.bias", "D", kZeros, &nn::Sizes::mlp_bias},
};

constexpr std::string_view kIgnorable[] = {"model.layers.{}.self_attn.rotary_emb.inv_freq"};

nn::Sizes sizes(ConfigReader& config) {
  nn::Sizes s = read_decoder_sizes(config);
  s.attention_bias = config.boolean_or("attention_bias", false);
  s.mlp_bias = config.boolean_or("mlp_bias", false);
  return s;
}

std::unique_ptr<Backbone> build(ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = sizes(config);
  config.integer_or("pretraining_tp", 1, 1, 64);  // splits the products, not the result
  const DecoderValues values{.norm = nn::NormKind::kRms, .eps = config.number_or("rms_norm_eps", 1e-6, 0, 1)};
  const nn::Activation activation = read_activation(config, "hidden_act", "silu");
  TransformerParts parts = decoder_parts(llama_entry, config, parameters, values);
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

constinit const FamilyEntry llama_entry{
    .name = "llama",
    .model_type = "llama",
    .architectures = kArchitectures,
    .prefix = "model.",
    .sizes = &sizes,
    .weights = kWeights,
    .ignorable = kIgnorable,
    .lm_head = "lm_head.weight",
    .max_length = [](ConfigReader& config) { return read_max_length(config, 2048); },
    .build = &build,
};

}  // namespace rondo::backbones
