// SPDX-License-Identifier: Apache-2.0
// Weight tables of decoders in Llama's naming, as pieces that a family joins with what it adds.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "rondo/nn/weight_rules.h"

namespace rondo::backbones {

template <size_t... kCounts>
constexpr auto joined(const std::array<nn::WeightRule, kCounts>&... tables) {
  std::array<nn::WeightRule, (kCounts + ...)> all{};
  auto end = all.begin();
  ((end = std::copy(tables.begin(), tables.end(), end)), ...);
  return all;
}

/// The table of a family whose norms add 1 to their weight: they start at 0.
template <size_t kCount>
constexpr auto with_centred_norms(std::array<nn::WeightRule, kCount> table) {
  for (nn::WeightRule& rule : table) {
    if (rule.name.ends_with("norm.weight")) rule.start = nn::Start::kZeros;
  }
  return table;
}

/// Everything but the norms of the blocks.
inline constexpr auto kDecoderMatrices = std::to_array<nn::WeightRule>({
    {"model.embed_tokens.weight", "VD"},
    {"model.norm.weight", "D"},
    {"model.layers.{}.self_attn.q_proj.weight", "(HK)D"},
    {"model.layers.{}.self_attn.k_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.v_proj.weight", "(JK)D"},
    {"model.layers.{}.self_attn.o_proj.weight", "D(HK)"},
    {"model.layers.{}.mlp.gate_proj.weight", "FD"},
    {"model.layers.{}.mlp.up_proj.weight", "FD"},
    {"model.layers.{}.mlp.down_proj.weight", "DF"},
});

/// The second is before the feed-forward, or behind attention where a family has norms there.
inline constexpr auto kPreNorms = std::to_array<nn::WeightRule>({
    {"model.layers.{}.input_layernorm.weight", "D"},
    {"model.layers.{}.post_attention_layernorm.weight", "D"},
});

inline constexpr auto kDecoderWeights = joined(kDecoderMatrices, kPreNorms);

inline constexpr auto kAttentionBiases = std::to_array<nn::WeightRule>({
    {"model.layers.{}.self_attn.q_proj.bias", "(HK)", nn::Start::kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.k_proj.bias", "(JK)", nn::Start::kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.v_proj.bias", "(JK)", nn::Start::kZeros, &nn::Sizes::attention_bias},
    {"model.layers.{}.self_attn.o_proj.bias", "D", nn::Start::kZeros, &nn::Sizes::attention_bias},
});

/// Norms on each query and key head.
inline constexpr auto kHeadNorms = std::to_array<nn::WeightRule>({
    {"model.layers.{}.self_attn.q_norm.weight", "K"},
    {"model.layers.{}.self_attn.k_norm.weight", "K"},
});

/// Norms on both sides of the feed-forward, for families that have one behind attention as well.
inline constexpr auto kFeedForwardNorms = std::to_array<nn::WeightRule>({
    {"model.layers.{}.pre_feedforward_layernorm.weight", "D"},
    {"model.layers.{}.post_feedforward_layernorm.weight", "D"},
});

}  // namespace rondo::backbones
