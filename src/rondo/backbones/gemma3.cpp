// SPDX-License-Identifier: Apache-2.0
// Gemma 3 (text): Gemma 2 with norms on query and key heads instead of caps, five windowed layers to each full one, and
// rotary frequencies of their own for the two kinds. arXiv:2503.19786.
#include "rondo/backbones/shared/gemma_values.h"

namespace rondo::backbones {
namespace {

constexpr auto kWeights = with_centred_norms(joined(kDecoderWeights, kAttentionBiases, kHeadNorms, kFeedForwardNorms));

constexpr RopeKeys kFullRope{.layer_type = "full_attention", .theta_default = 1e6};
constexpr RopeKeys kLocalRope{
    .layer_type = "sliding_attention", .theta = "rope_local_base_freq", .takes_rope_scaling = false};
constexpr int64_t kDefaultPattern = 6;

DecoderValues two_kinds(ConfigReader& config, const nn::Sizes& s) {
  const int64_t pattern = config.integer_or("sliding_window_pattern", kDefaultPattern, 1, kMostSize);
  DecoderValues values = gemma2_values(config, s, [&](int64_t layer) { return (layer + 1) % pattern != 0; });
  values.kinds = {{.rope = read_rope(config, s.head_size, kFullRope)},
                  {.window = read_window(config, kUsualWindow), .rope = read_rope(config, s.head_size, kLocalRope)}};
  return values;
}

}  // namespace

constinit const FamilyEntry gemma3_entry{
    .name = "gemma3",
    .model_type = "gemma3_text",
    .architectures = {"Gemma3ForCausalLM", "Gemma3TextForSequenceClassification", "Gemma3TextModel"},
    .sizes = &read_gemma_sizes,
    .weights = kWeights,
    .tied = true,
    .default_pad = 0,
    .max_length = [](ConfigReader& config) { return read_max_length(config, 131072); },
    .decoder = &two_kinds,
};

}  // namespace rondo::backbones
