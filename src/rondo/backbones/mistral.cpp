// SPDX-License-Identifier: Apache-2.0
// Mistral 7B: Llama with a window over the last positions in every layer. arXiv:2310.06825.
#include "rondo/backbones/shared/decoder.h"
#include "rondo/backbones/shared/rope_config.h"

namespace rondo::backbones {
namespace {

constexpr std::string_view kArchitectures[] = {"MistralForCausalLM", "MistralForSequenceClassification",
                                               "MistralModel"};

constexpr nn::WeightRule kWeights[] = {
    {"model.embed_tokens.weight", "VD"},
    {"model.norm.weight", "D"},
    {"model.layers.{}.input_layernorm.weight", "D"},
    {"model.layers.{}.self_attn.q_proj.weight", "(HK)D"},
    {"model.layers.{}.self_attn.k_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.v_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.o_proj.weight", "D(HK)"},
    {"model.layers.{}.post_attention_layernorm.weight", "D"},
    {"model.layers.{}.mlp.gate_proj.weight", "FD"},
    {"model.layers.{}.mlp.up_proj.weight", "FD"},
    {"model.layers.{}.mlp.down_proj.weight", "DF"},
};

constexpr std::string_view kIgnorable[] = {"model.layers.{}.self_attn.rotary_emb.inv_freq"};

constexpr int64_t kDefaultWindow = 4096;

nn::Sizes sizes(ConfigReader& config) { return read_decoder_sizes(config); }

std::unique_ptr<Backbone> build(ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = sizes(config);
  const DecoderValues values{.norm = nn::NormKind::kRms, .eps = config.number_or("rms_norm_eps", 1e-6, 0, 1)};
  const nn::Activation activation = read_activation(config, "hidden_act", "silu");
  TransformerParts parts = decoder_parts(mistral_entry, config, parameters, values);
  parts.kinds = {{.window = read_window(config, kDefaultWindow), .rope = read_rope(config, s.head_size)}};
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

constinit const FamilyEntry mistral_entry{
    .name = "mistral",
    .model_type = "mistral",
    .architectures = kArchitectures,
    .prefix = "model.",
    .sizes = &sizes,
    .weights = kWeights,
    .ignorable = kIgnorable,
    .lm_head = "lm_head.weight",
    .max_length = [](ConfigReader& config) { return read_max_length(config, 131072); },
    .build = &build,
};

}  // namespace rondo::backbones
