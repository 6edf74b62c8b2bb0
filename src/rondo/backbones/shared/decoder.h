// SPDX-License-Identifier: Apache-2.0
// What decoders in Llama's naming have in common: blocks of attention and a gated feed-forward, each behind a norm,
// under
//
//   model.embed_tokens   model.layers.N.self_attn.{q,k,v,o}_proj   model.layers.N.mlp.{gate,up,down}_proj   model.norm
//
// Nothing here knows a family; a family passes its values.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rondo/backbones/shared/config_values.h"
#include "rondo/backbones/shared/rope_config.h"
#include "rondo/backbones/shared/transformer.h"
#include "rondo/backbones/shared/weights.h"

namespace rondo::backbones {

/// As it stands: Llama. Norms that the weight table does not list are left out.
struct DecoderValues {
  nn::NormKind norm = nn::NormKind::kRms;
  /// Of every norm, where config.json has no rms_norm_eps.
  double default_eps = 1e-6;
  /// nullopt: hidden_act of config.json, or silu.
  std::optional<nn::Activation> activation = {};
  /// nullopt: 1 / sqrt(head size).
  std::optional<double> attention_scale = {};
  double attention_softcap = 0;
  double embedding_scale = 1;
  double logit_softcap = 0;
  /// post_attention_layernorm is behind attention, and the feed-forward has norms of its own on both sides.
  bool has_norms_behind = false;
  /// Queries, keys and values are one matrix, and so are gate and up.
  bool is_fused = false;
  /// Kinds of layers; a layer is of the second where `sliding` says so, of the first otherwise. Empty: usual rotary
  /// positions, without a window.
  std::vector<nn::AttentionKind> kinds = {};
  std::vector<bool> sliding = {};
};

/// A FamilyEntry::sizes for families whose attention may have biases.
nn::Sizes read_biased_decoder_sizes(ConfigReader& config, int64_t default_head_size = 0);

/// The family's lm_head, or the embedding table where the two are tied, or undefined.
Tensor read_lm_head(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters,
                    const Tensor& table_VD);

/// Full layers, and layers of the same rotary positions behind a window.
std::vector<nn::AttentionKind> full_and_windowed(ConfigReader& config, const nn::Sizes& sizes);

/// A FamilyEntry::decoder: windows in the upper layers where config.json switches them on.
DecoderValues upper_windows(ConfigReader& config, const nn::Sizes& sizes);

}  // namespace rondo::backbones
