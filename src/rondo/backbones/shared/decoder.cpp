// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/decoder.h"

namespace rondo::backbones {
namespace {

nn::QkvProjection qkv_of(const Weights& attention, const nn::Sizes& sizes, bool is_fused) {
  if (is_fused) return fused_qkv(nn::QkvProjection::Layout::kStacked, attention.linear("qkv_proj"), sizes);
  return separate_qkv(attention.linear("q_proj"), attention.linear("k_proj"), attention.linear("v_proj"), sizes);
}

nn::FeedForward gated_mlp(const Weights& mlp, nn::Activation activation, bool is_fused) {
  nn::FeedForward gated{.activation = activation, .out = mlp.linear("down_proj")};
  gated.gating = is_fused ? nn::FeedForward::Gate::kStacked : nn::FeedForward::Gate::kSeparate;
  if (!is_fused) gated.gate = mlp.linear("gate_proj");
  gated.in = mlp.linear(is_fused ? "gate_up_proj" : "up_proj");
  return gated;
}

}  // namespace

std::unique_ptr<Backbone> build_decoder(const FamilyEntry& family, ConfigReader& config,
                                        const nn::ParameterSet& parameters) {
  const nn::Sizes s = family.sizes(config);
  DecoderValues values = family.decoder == nullptr ? DecoderValues() : family.decoder(config, s);
  const double eps = config.number_or("rms_norm_eps", values.default_eps, 0, 1);
  const nn::Activation activation =
      values.activation ? *values.activation : read_activation(config, "hidden_act", "silu");
  const Weights model(parameters, "model.");
  TransformerParts parts;
  parts.embeddings.tokens_VD = model.tensor("embed_tokens.weight");
  parts.embeddings.scale = values.embedding_scale;
  parts.final_norm = model.norm("norm", values.norm, eps);
  parts.lm_head_VD = read_lm_head(family, config, parameters, parts.embeddings.tokens_VD);
  parts.logit_softcap = values.logit_softcap;
  parts.kinds = std::move(values.kinds);
  if (parts.kinds.empty()) parts.kinds = {{.rope = read_rope(config, s.head_size)}};
  const nn::AttentionOptions options{.scale = values.attention_scale.value_or(usual_scale(s)),
                                     .softcap = values.attention_softcap};
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = model.under("layers").under(i);
    const auto norm = [&](const char* name) { return layer.norm(name, values.norm, eps); };
    nn::Block block{.attention_norm = norm("input_layernorm"),
                    .attention = {.qkv = qkv_of(layer.under("self_attn"), s, values.is_fused),
                                  .q_norm = norm("self_attn.q_norm"),
                                  .k_norm = norm("self_attn.k_norm"),
                                  .out = layer.linear("self_attn.o_proj"),
                                  .options = options},
                    .mlp_norm = norm("pre_feedforward_layernorm"),
                    .mlp = gated_mlp(layer.under("mlp"), activation, values.is_fused),
                    .mlp_out_norm = norm("post_feedforward_layernorm"),
                    .kind = !values.sliding.empty() && values.sliding[static_cast<size_t>(i)]};
    (values.has_norms_behind ? block.attention_out_norm : block.mlp_norm) = norm("post_attention_layernorm");
    parts.blocks.push_back(std::move(block));
  }
  return std::make_unique<Transformer>(s, std::move(parts));
}

nn::Sizes read_plain_decoder_sizes(ConfigReader& config) { return read_decoder_sizes(config); }

nn::Sizes read_biased_decoder_sizes(ConfigReader& config, int64_t default_head_size) {
  nn::Sizes s = read_decoder_sizes(config, default_head_size);
  s.attention_bias = config.boolean_or("attention_bias", false);
  return s;
}

Tensor read_lm_head(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters,
                    const Tensor& table_VD) {
  if (config.boolean_or("tie_word_embeddings", family.tied)) return table_VD;
  const std::string name(family.lm_head);
  return parameters.has(name) ? parameters.get(name) : Tensor();
}

std::vector<nn::AttentionKind> full_and_windowed(ConfigReader& config, const nn::Sizes& sizes) {
  const nn::Rope rope = read_rope(config, sizes.head_size);
  return {{.rope = rope}, {.window = read_window(config, kUsualWindow), .rope = rope}};
}

DecoderValues upper_windows(ConfigReader& config, const nn::Sizes& sizes) {
  return {.kinds = full_and_windowed(config, sizes), .sliding = read_upper_sliding_layers(config, sizes.layers)};
}

}  // namespace rondo::backbones
