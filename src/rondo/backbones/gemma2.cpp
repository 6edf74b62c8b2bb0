// SPDX-License-Identifier: Apache-2.0
// Gemma 2: Gemma with norms on both sides of each half, every other layer behind a window, capped attention scores and
// logits, and a score scale of its own. arXiv:2408.00118.
#include <cmath>

#include "rondo/backbones/shared/decoder.h"
#include "rondo/backbones/shared/rope_config.h"

namespace rondo::backbones {
namespace {

constexpr std::string_view kArchitectures[] = {"Gemma2ForCausalLM", "Gemma2ForSequenceClassification", "Gemma2Model"};

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
    {"model.layers.{}.pre_feedforward_layernorm.weight", "D", kZeros},
    {"model.layers.{}.post_feedforward_layernorm.weight", "D", kZeros},
    {"model.layers.{}.mlp.gate_proj.weight", "FD"},
    {"model.layers.{}.mlp.up_proj.weight", "FD"},
    {"model.layers.{}.mlp.down_proj.weight", "DF"},
};

constexpr std::string_view kIgnorable[] = {"model.layers.{}.self_attn.rotary_emb.inv_freq"};

constexpr int64_t kDefaultHeadSize = 256;
constexpr int64_t kDefaultWindow = 4096;
constexpr double kMostCap = 1e6;

nn::Sizes sizes(ConfigReader& config) {
  nn::Sizes s = read_decoder_sizes(config, kDefaultHeadSize);
  s.attention_bias = config.boolean_or("attention_bias", false);
  return s;
}

// A missing cap has the default of the published models; null means none.
double read_cap(ConfigReader& config, const char* key, double fallback) {
  return config.is_null(key) ? 0 : config.number_or(key, fallback, 0, kMostCap);
}

std::unique_ptr<Backbone> build(ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = sizes(config);
  config.require_false("use_bidirectional_attention");
  const DecoderValues values{.norm = nn::NormKind::kRmsCentered, .eps = config.number_or("rms_norm_eps", 1e-6, 0, 1)};
  const nn::Activation activation = read_activation(config, "hidden_activation", "gelu_pytorch_tanh");
  TransformerParts parts = decoder_parts(gemma2_entry, config, parameters, values);
  const nn::AttentionOptions attention{
      .scale = 1 / std::sqrt(config.number_or("query_pre_attn_scalar", kDefaultHeadSize, 1e-6, kMostSize)),
      .softcap = read_cap(config, "attn_logit_softcapping", 50)};
  parts.embeddings.scale = std::sqrt(static_cast<double>(s.hidden));
  parts.logit_softcap = read_cap(config, "final_logit_softcapping", 30);
  parts.kinds = {{.rope = read_rope(config, s.head_size)}};
  parts.kinds.push_back({.window = read_window(config, kDefaultWindow), .rope = parts.kinds[0].rope});
  const std::vector<bool> sliding = read_sliding_layers(config, s.layers, [](int64_t layer) { return layer % 2 == 0; });
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = Weights(parameters, "model.layers.").under(i);
    const auto norm = [&](const char* name) { return layer.norm(name, values.norm, values.eps); };
    parts.blocks.push_back({.attention_norm = norm("input_layernorm"),
                            .attention = {.qkv = decoder_qkv(layer.under("self_attn"), s),
                                          .out = layer.linear("self_attn.o_proj"),
                                          .options = attention},
                            .attention_out_norm = norm("post_attention_layernorm"),
                            .mlp_norm = norm("pre_feedforward_layernorm"),
                            .mlp = gated_mlp(layer.under("mlp"), activation),
                            .mlp_out_norm = norm("post_feedforward_layernorm"),
                            .kind = sliding[static_cast<size_t>(i)]});
  }
  return std::make_unique<Transformer>(s, std::move(parts));
}

}  // namespace

constinit const FamilyEntry gemma2_entry{
    .name = "gemma2",
    .model_type = "gemma2",
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
