// SPDX-License-Identifier: Apache-2.0
// OLMo 2: Llama with norms behind each half instead of before it, and norms over all queries and all keys.
// arXiv:2501.00656.
#include "rondo/backbones/shared/decoder.h"
#include "rondo/backbones/shared/rope_config.h"

namespace rondo::backbones {
namespace {

constexpr std::string_view kArchitectures[] = {"Olmo2ForCausalLM", "Olmo2ForSequenceClassification", "Olmo2Model"};

using enum nn::Start;

constexpr nn::WeightRule kWeights[] = {
    {"model.embed_tokens.weight", "VD"},
    {"model.norm.weight", "D"},
    {"model.layers.{}.self_attn.q_proj.weight", "(HK)D"},
    {"model.layers.{}.self_attn.k_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.v_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.o_proj.weight", "D(HK)"},
    {"model.layers.{}.self_attn.q_proj.bias", "(HK)", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.k_proj.bias", "(JK)", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.v_proj.bias", "(JK)", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.o_proj.bias", "D", kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.q_norm.weight", "(HK)"},
    {"model.layers.{}.self_attn.k_norm.weight", "(JK)"},
    {"model.layers.{}.post_attention_layernorm.weight", "D"},
    {"model.layers.{}.post_feedforward_layernorm.weight", "D"},
    {"model.layers.{}.mlp.gate_proj.weight", "FD"},
    {"model.layers.{}.mlp.up_proj.weight", "FD"},
    {"model.layers.{}.mlp.down_proj.weight", "DF"},
};

constexpr std::string_view kIgnorable[] = {"model.layers.{}.self_attn.rotary_emb.inv_freq"};

nn::Sizes sizes(ConfigReader& config) {
  nn::Sizes s = read_decoder_sizes(config);
  s.attention_bias = config.boolean_or("attention_bias", false);
  return s;
}

std::unique_ptr<Backbone> build(ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = sizes(config);
  const DecoderValues values{.norm = nn::NormKind::kRmsWide, .eps = config.number_or("rms_norm_eps", 1e-5, 0, 1)};
  const nn::Activation activation = read_activation(config, "hidden_act", "silu");
  TransformerParts parts = decoder_parts(olmo2_entry, config, parameters, values);
  parts.kinds = {{.rope = read_rope(config, s.head_size)}};
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = Weights(parameters, "model.layers.").under(i);
    const auto norm = [&](const char* name) { return layer.norm(name, values.norm, values.eps); };
    parts.blocks.push_back({.attention = {.qkv = decoder_qkv(layer.under("self_attn"), s),
                                          .q_norm = norm("self_attn.q_norm"),
                                          .k_norm = norm("self_attn.k_norm"),
                                          .out = layer.linear("self_attn.o_proj"),
                                          .options = {.scale = usual_scale(s)}},
                            .attention_out_norm = norm("post_attention_layernorm"),
                            .mlp = gated_mlp(layer.under("mlp"), activation),
                            .mlp_out_norm = norm("post_feedforward_layernorm")});
  }
  return std::make_unique<Transformer>(s, std::move(parts));
}

}  // namespace

constinit const FamilyEntry olmo2_entry{
    .name = "olmo2",
    .model_type = "olmo2",
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
