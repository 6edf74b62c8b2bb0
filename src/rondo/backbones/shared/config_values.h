// SPDX-License-Identifier: Apache-2.0
// Keys of config.json that many families have in common, with the ranges that are believed.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "rondo/backbones/shared/config_reader.h"
#include "rondo/backbones/shared/family.h"
#include "rondo/nn/feed_forward.h"
#include "rondo/nn/weight_rules.h"

namespace rondo::backbones {

inline constexpr int64_t kMostSize = int64_t{1} << 24;
/// Tokens of a window where config.json does not say, in transformers' configs of most families.
inline constexpr int64_t kUsualWindow = 4096;

/// vocab_size, hidden_size, num_hidden_layers, num_attention_heads, in the family's own spelling.
nn::Sizes read_sizes(ConfigReader& config, std::span<const KeyName> names = {});
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

/// The same for families that have a window in the layers from max_window_layers on, where use_sliding_window is set.
std::vector<bool> read_upper_sliding_layers(ConfigReader& config, int64_t layers);

}  // namespace rondo::backbones
