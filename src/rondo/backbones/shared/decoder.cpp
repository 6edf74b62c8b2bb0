// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/decoder.h"

namespace rondo::backbones {

TransformerParts decoder_parts(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters,
                               const DecoderValues& values) {
  const Weights model(parameters, "model.");
  TransformerParts parts;
  parts.embeddings.tokens_VD = model.tensor("embed_tokens.weight");
  parts.final_norm = model.norm("norm", values.norm, values.eps);
  parts.lm_head_VD = read_lm_head(family, config, parameters, parts.embeddings.tokens_VD);
  return parts;
}

Tensor read_lm_head(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters,
                    const Tensor& table_VD) {
  if (config.boolean_or("tie_word_embeddings", family.tied)) return table_VD;
  const std::string name(family.lm_head);
  return parameters.has(name) ? parameters.get(name) : Tensor();
}

nn::QkvProjection decoder_qkv(const Weights& attention, const nn::Sizes& sizes) {
  return separate_qkv(attention.linear("q_proj"), attention.linear("k_proj"), attention.linear("v_proj"), sizes);
}

nn::FeedForward gated_mlp(const Weights& mlp, nn::Activation activation) {
  return {.gating = nn::FeedForward::Gate::kSeparate,
          .activation = activation,
          .gate = mlp.linear("gate_proj"),
          .in = mlp.linear("up_proj"),
          .out = mlp.linear("down_proj")};
}

}  // namespace rondo::backbones
