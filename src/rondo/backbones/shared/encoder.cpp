// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/encoder.h"

namespace rondo::backbones {

nn::Sizes read_encoder_sizes(ConfigReader& config, int64_t default_positions, int64_t default_types) {
  nn::Sizes s = read_sizes(config);
  s.inner = config.integer("intermediate_size", 1, kMostSize);
  s.positions = read_max_length(config, default_positions);
  s.types = config.integer_or("type_vocab_size", default_types, 0, kMostSize);
  s.type_table = s.types > 0;
  if (s.hidden % s.heads != 0) config.fail("num_attention_heads", "does not divide hidden_size");
  return s;
}

nn::Embeddings bert_embeddings(const Weights& embeddings, double eps) {
  nn::Embeddings e;
  e.tokens_VD = embeddings.tensor("word_embeddings.weight");
  e.positions_SD = embeddings.tensor_if_any("position_embeddings.weight");
  e.types_YD = embeddings.tensor_if_any("token_type_embeddings.weight");
  e.norm = embeddings.norm("LayerNorm", nn::NormKind::kLayer, eps);
  return e;
}

TransformerParts bert_parts(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters) {
  const nn::Sizes s = family.sizes(config);
  const double eps = config.number_or("layer_norm_eps", 1e-12, 0, 1);
  const nn::Activation activation = read_activation(config, "hidden_act", "gelu");
  config.require_text("position_embedding_type", "absolute");
  const Weights model(parameters, std::string(family.prefix));
  TransformerParts parts;
  parts.embeddings = bert_embeddings(model.under("embeddings"), eps);
  parts.kinds = {{}};
  for (int64_t i = 0; i < s.layers; ++i) {
    const Weights layer = model.under("encoder.layer").under(i), self = layer.under("attention.self");
    const nn::QkvProjection qkv = separate_qkv(self.linear("query"), self.linear("key"), self.linear("value"), s);
    parts.blocks.push_back(bert_block(layer, qkv, usual_scale(s), activation, eps));
  }
  return parts;
}

nn::Block bert_block(const Weights& layer, const nn::QkvProjection& qkv, double scale, nn::Activation activation,
                     double eps) {
  return {
      .attention = {.qkv = qkv, .out = layer.linear("attention.output.dense"), .options = {.scale = scale}},
      .attention_sum_norm = layer.norm("attention.output.LayerNorm", nn::NormKind::kLayer, eps),
      .mlp = {.activation = activation, .in = layer.linear("intermediate.dense"), .out = layer.linear("output.dense")},
      .mlp_sum_norm = layer.norm("output.LayerNorm", nn::NormKind::kLayer, eps)};
}

}  // namespace rondo::backbones
