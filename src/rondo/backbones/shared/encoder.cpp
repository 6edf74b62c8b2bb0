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

nn::Block bert_block(const Weights& layer, const nn::QkvProjection& qkv, double scale, nn::Activation activation,
                     double eps) {
  return {
      .attention = {.qkv = qkv, .out = layer.linear("attention.output.dense"), .options = {.scale = scale}},
      .attention_sum_norm = layer.norm("attention.output.LayerNorm", nn::NormKind::kLayer, eps),
      .mlp = {.activation = activation, .in = layer.linear("intermediate.dense"), .out = layer.linear("output.dense")},
      .mlp_sum_norm = layer.norm("output.LayerNorm", nn::NormKind::kLayer, eps)};
}

}  // namespace rondo::backbones
