// SPDX-License-Identifier: Apache-2.0
// GPT-NeoX and Pythia: both halves of a block read the same states, and a part of each head is rotated.
// arXiv:2204.06745, arXiv:2304.01373.
#include "rondo/backbones/shared/decoder.h"
#include "rondo/backbones/shared/rope_config.h"

namespace rondo::backbones {
namespace {

constexpr KeyName kKeyNames[] = {{"rope_theta", "rotary_emb_base"}};

using enum nn::Start;

constexpr nn::WeightRule kWeights[] = {
    {"gpt_neox.embed_in.weight", "VD"},
    {"gpt_neox.final_layer_norm.weight", "D"},
    {"gpt_neox.final_layer_norm.bias", "D", kZeros},
    {"gpt_neox.layers.{}.input_layernorm.weight", "D"},
    {"gpt_neox.layers.{}.input_layernorm.bias", "D", kZeros},
    {"gpt_neox.layers.{}.attention.query_key_value.weight", "(3D)D"},
    {"gpt_neox.layers.{}.attention.query_key_value.bias", "(3D)", kZeros, &nn::Sizes::attention_bias},
    {"gpt_neox.layers.{}.attention.dense.weight", "DD"},
    {"gpt_neox.layers.{}.attention.dense.bias", "D", kZeros, &nn::Sizes::attention_bias},
    {"gpt_neox.layers.{}.post_attention_layernorm.weight", "D"},
    {"gpt_neox.layers.{}.post_attention_layernorm.bias", "D", kZeros},
    {"gpt_neox.layers.{}.mlp.dense_h_to_4h.weight", "FD"},
    {"gpt_neox.layers.{}.mlp.dense_h_to_4h.bias", "F", kZeros},
    {"gpt_neox.layers.{}.mlp.dense_4h_to_h.weight", "DF"},
    {"gpt_neox.layers.{}.mlp.dense_4h_to_h.bias", "D", kZeros},
};

// Triangles and frequencies that older checkpoints store; embed_out under its new name.
constexpr std::string_view kIgnorable[] = {"gpt_neox.layers.{}.attention.bias",
                                           "gpt_neox.layers.{}.attention.masked_bias",
                                           "gpt_neox.layers.{}.attention.rotary_emb.inv_freq", "lm_head.weight"};

constexpr RopeKeys kRope{.theta = "rotary_emb_base", .share = "rotary_pct", .share_default = 0.25};

nn::Sizes sizes(ConfigReader& config) {
  nn::Sizes s = read_sizes(config);
  s.inner = config.integer("intermediate_size", 1, kMostSize);
  s.attention_bias = config.boolean_or("attention_bias", true);
  if (s.hidden % s.heads != 0) config.fail("num_attention_heads", "does not divide hidden_size");
  return s;
}

std::unique_ptr<Backbone> build(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = sizes(config);
  const double eps = config.number_or("layer_norm_eps", 1e-5, 0, 1);
  const nn::Activation activation = read_activation(config, "hidden_act", "gelu");
  const bool parallel = config.boolean_or("use_parallel_residual", true);
  config.require_false("is_decoder");
  const Weights model(parameters, "gpt_neox.");
  TransformerParts parts;
  parts.embeddings.tokens_VD = model.tensor("embed_in.weight");
  parts.kinds = {{.rope = read_rope(config, s.head_size, kRope)}};
  parts.final_norm = model.norm("final_layer_norm", nn::NormKind::kLayer, eps);
  parts.lm_head_VD = read_lm_head(family, config, parameters, parts.embeddings.tokens_VD);
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = model.under("layers").under(i);
    parts.blocks.push_back({.attention_norm = layer.norm("input_layernorm", nn::NormKind::kLayer, eps),
                            .attention = {.qkv = fused_qkv(nn::QkvProjection::Layout::kPerHead,
                                                           layer.linear("attention.query_key_value"), s),
                                          .out = layer.linear("attention.dense"),
                                          .options = {.scale = usual_scale(s)}},
                            .mlp_norm = layer.norm("post_attention_layernorm", nn::NormKind::kLayer, eps),
                            .mlp = {.activation = activation,
                                    .in = layer.linear("mlp.dense_h_to_4h"),
                                    .out = layer.linear("mlp.dense_4h_to_h")},
                            .parallel = parallel});
  }
  return std::make_unique<Transformer>(s, std::move(parts));
}

}  // namespace

constinit const FamilyEntry gpt_neox_entry{
    .name = "gpt_neox",
    .model_type = "gpt_neox",
    .architectures = {"GPTNeoXForCausalLM", "GPTNeoXForSequenceClassification", "GPTNeoXModel"},
    .prefix = "gpt_neox.",
    .key_names = kKeyNames,
    .sizes = &sizes,
    .weights = kWeights,
    .ignorable = kIgnorable,
    .lm_head = "embed_out.weight",
    .max_length = [](ConfigReader& config) { return read_max_length(config, 2048); },
    .build = &build,
};

}  // namespace rondo::backbones
