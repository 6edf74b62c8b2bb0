// SPDX-License-Identifier: Apache-2.0
// GPT-2: pre-norm decoder with LayerNorm, learned positions and GELU. Its matrices are stored as [in, out].
// Radford et al. 2019, "Language models are unsupervised multitask learners".
#include "rondo/backbones/shared/decoder.h"

namespace rondo::backbones {
namespace {

constexpr KeyName kKeyNames[] = {{"hidden_size", "n_embd"},
                                 {"num_hidden_layers", "n_layer"},
                                 {"num_attention_heads", "n_head"},
                                 {"intermediate_size", "n_inner"},
                                 {"max_position_embeddings", "n_positions"}};

using enum nn::Start;

constexpr nn::WeightRule kWeights[] = {
    {"transformer.wte.weight", "VD"},
    {"transformer.wpe.weight", "SD"},
    {"transformer.ln_f.weight", "D"},
    {"transformer.ln_f.bias", "D", kZeros},
    {"transformer.h.{}.ln_1.weight", "D"},
    {"transformer.h.{}.ln_1.bias", "D", kZeros},
    {"transformer.h.{}.attn.c_attn.weight", "D(3D)"},
    {"transformer.h.{}.attn.c_attn.bias", "(3D)", kZeros},
    {"transformer.h.{}.attn.c_proj.weight", "DD"},
    {"transformer.h.{}.attn.c_proj.bias", "D", kZeros},
    {"transformer.h.{}.ln_2.weight", "D"},
    {"transformer.h.{}.ln_2.bias", "D", kZeros},
    {"transformer.h.{}.mlp.c_fc.weight", "DF"},
    {"transformer.h.{}.mlp.c_fc.bias", "F", kZeros},
    {"transformer.h.{}.mlp.c_proj.weight", "FD"},
    {"transformer.h.{}.mlp.c_proj.bias", "D", kZeros},
};

// Triangles that older checkpoints store.
constexpr std::string_view kIgnorable[] = {"transformer.h.{}.attn.bias", "transformer.h.{}.attn.masked_bias"};

int64_t max_length(ConfigReader& config) { return config.integer_or("n_positions", 1024, 1, kMostSize); }

nn::Sizes sizes(ConfigReader& config) {
  nn::Sizes s = read_sizes(config, kKeyNames);
  s.inner = config.integer_or("n_inner", 4 * s.hidden, 1, kMostSize);
  s.positions = max_length(config);
  if (s.hidden % s.heads != 0) config.fail("n_head", "does not divide n_embd");
  return s;
}

nn::Linear stored_in_out(nn::Linear linear) {
  linear.weight_is_in_out = gpt2_entry.matrices_are_in_out;
  return linear;
}

std::unique_ptr<Backbone> build(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = sizes(config);
  const double eps = config.number_or("layer_norm_epsilon", 1e-5, 0, 1);
  const nn::Activation activation = read_activation(config, "activation_function", "gelu_new");
  const bool scaled = config.boolean_or("scale_attn_weights", true);
  const bool scaled_by_layer = config.boolean_or("scale_attn_by_inverse_layer_idx", false);
  const Weights model(parameters, "transformer.");
  TransformerParts parts;
  parts.embeddings.tokens_VD = model.tensor("wte.weight");
  parts.embeddings.positions_SD = model.tensor("wpe.weight");
  parts.kinds = {{}};
  parts.final_norm = model.norm("ln_f", nn::NormKind::kLayer, eps);
  parts.lm_head_VD = read_lm_head(family, config, parameters, parts.embeddings.tokens_VD);
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = model.under("h").under(i);
    const double scale = (scaled ? usual_scale(s) : 1) / (scaled_by_layer ? static_cast<double>(i) + 1 : 1);
    parts.blocks.push_back({.attention_norm = layer.norm("ln_1", nn::NormKind::kLayer, eps),
                            .attention = {.qkv = fused_qkv(nn::QkvProjection::Layout::kStacked,
                                                           stored_in_out(layer.linear("attn.c_attn")), s),
                                          .out = stored_in_out(layer.linear("attn.c_proj")),
                                          .options = {.scale = scale}},
                            .mlp_norm = layer.norm("ln_2", nn::NormKind::kLayer, eps),
                            .mlp = {.activation = activation,
                                    .in = stored_in_out(layer.linear("mlp.c_fc")),
                                    .out = stored_in_out(layer.linear("mlp.c_proj"))}});
  }
  return std::make_unique<Transformer>(s, std::move(parts));
}

}  // namespace

constinit const FamilyEntry gpt2_entry{
    .name = "gpt2",
    .model_type = "gpt2",
    .architectures = {"GPT2LMHeadModel", "GPT2ForSequenceClassification", "GPT2Model"},
    .prefix = "transformer.",
    .key_names = kKeyNames,
    .sizes = &sizes,
    .weights = kWeights,
    .matrices_are_in_out = true,
    .ignorable = kIgnorable,
    .tied = true,
    .max_length = &max_length,
    .build = &build,
};

}  // namespace rondo::backbones
