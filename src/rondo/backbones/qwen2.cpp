// SPDX-License-Identifier: Apache-2.0
// Qwen 2 and 2.5: Llama with biases on queries, keys and values, and a window in the upper layers where the config
// switches it on. arXiv:2407.10671, arXiv:2412.15115.
#include "rondo/backbones/shared/decoder.h"
#include "rondo/backbones/shared/rope_config.h"

namespace rondo::backbones {
namespace {

constexpr std::string_view kArchitectures[] = {"Qwen2ForCausalLM", "Qwen2ForSequenceClassification", "Qwen2Model"};

using enum nn::Start;

constexpr nn::WeightRule kWeights[] = {
    {"model.embed_tokens.weight", "VD"},
    {"model.norm.weight", "D"},
    {"model.layers.{}.input_layernorm.weight", "D"},
    {"model.layers.{}.self_attn.q_proj.weight", "(HK)D"},
    {"model.layers.{}.self_attn.k_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.v_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.o_proj.weight", "D(HK)"},
    {"model.layers.{}.self_attn.q_proj.bias", "(HK)", kZeros},
    {"model.layers.{}.self_attn.k_proj.bias", "(JK)", kZeros},
    {"model.layers.{}.self_attn.v_proj.bias", "(JK)", kZeros},
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
  TransformerParts parts = decoder_parts(qwen2_entry, config, parameters, values);
  parts.kinds = {{.rope = read_rope(config, s.head_size)}};
  parts.kinds.push_back({.window = read_window(config, kDefaultWindow), .rope = parts.kinds[0].rope});
  const std::vector<bool> sliding = read_upper_sliding_layers(config, s.layers);
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = Weights(parameters, "model.layers.").under(i);
    parts.blocks.push_back({.attention_norm = layer.norm("input_layernorm", values.norm, values.eps),
                            .attention = {.qkv = decoder_qkv(layer.under("self_attn"), s),
                                          .out = layer.linear("self_attn.o_proj"),
                                          .options = {.scale = usual_scale(s)}},
                            .mlp_norm = layer.norm("post_attention_layernorm", values.norm, values.eps),
                            .mlp = gated_mlp(layer.under("mlp"), activation),
                            .kind = sliding[static_cast<size_t>(i)]});
  }
  return std::make_unique<Transformer>(s, std::move(parts));
}

}  // namespace

constinit const FamilyEntry qwen2_entry{
    .name = "qwen2",
    .model_type = "qwen2",
    .architectures = kArchitectures,
    .prefix = "model.",
    .sizes = &sizes,
    .weights = kWeights,
    .ignorable = kIgnorable,
    .lm_head = "lm_head.weight",
    .max_length = [](ConfigReader& config) { return read_max_length(config, 32768); },
    .build = &build,
};

}  // namespace rondo::backbones
