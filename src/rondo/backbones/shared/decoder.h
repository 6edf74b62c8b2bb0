// SPDX-License-Identifier: Apache-2.0
// What decoders in Llama's naming have in common: keys of config.json, and
//
//   model.embed_tokens   model.layers.N.self_attn.{q,k,v,o}_proj   model.layers.N.mlp.{gate,up,down}_proj   model.norm
//
// Nothing here knows a family; a family passes its values.
#pragma once

#include <functional>

#include "rondo/backbones/shared/config_reader.h"
#include "rondo/backbones/shared/transformer.h"
#include "rondo/backbones/shared/weights.h"

namespace rondo::backbones {

inline constexpr int64_t kMostSize = int64_t{1} << 24;

/// vocab_size, hidden_size, num_hidden_layers, num_attention_heads.
nn::Sizes read_sizes(ConfigReader& config);
/// read_sizes and num_key_value_heads, head_dim, intermediate_size. Without head_dim in config.json a head has
/// `default_head_size` entries, or hidden_size / num_attention_heads where that is 0.
nn::Sizes read_decoder_sizes(ConfigReader& config, int64_t default_head_size = 0);
/// max_position_embeddings, or `fallback`.
int64_t read_max_length(ConfigReader& config, int64_t fallback);
/// Throws ModelError on an activation that nn/ does not have, naming the known ones.
nn::Activation read_activation(ConfigReader& config, const std::string& key, const std::string& fallback);
/// 0 (no window) where the key is missing and there is no fallback, or null.
int64_t read_window(ConfigReader& config, int64_t fallback);
/// layer_types of config.json: true where a layer is "sliding_attention"; `fallback(layer)` where the key is missing.
std::vector<bool> read_sliding_layers(ConfigReader& config, int64_t layers,
                                      const std::function<bool(int64_t)>& fallback);

struct DecoderValues {
  nn::NormKind norm = nn::NormKind::kRms;
  double eps = 1e-6;  // of every norm
};

/// Embeddings, final norm and language-model head; kinds and blocks are left to the family.
TransformerParts decoder_parts(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters,
                               const DecoderValues& values);
/// The family's lm_head, or the embedding table where the two are tied, or undefined.
Tensor read_lm_head(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters,
                    const Tensor& table_VD);

nn::QkvProjection separate_qkv(const Weights& attention, const nn::Sizes& sizes);
nn::FeedForward gated_mlp(const Weights& mlp, nn::Activation activation);
/// 1 / sqrt(head size).
double usual_scale(const nn::Sizes& sizes);

}  // namespace rondo::backbones
