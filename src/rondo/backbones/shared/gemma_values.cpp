// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/gemma_values.h"

#include <cmath>

namespace rondo::backbones {
namespace {

constexpr int64_t kDefaultHeadSize = 256;

}  // namespace

nn::Sizes read_gemma_sizes(ConfigReader& config) { return read_biased_decoder_sizes(config, kDefaultHeadSize); }

DecoderValues gemma_values(ConfigReader& config, const nn::Sizes& sizes) {
  config.require_false("use_bidirectional_attention");
  return {.norm = nn::NormKind::kRmsCentered,
          .activation = read_activation(config, "hidden_activation", "gelu_pytorch_tanh"),
          .embedding_scale = std::sqrt(static_cast<double>(sizes.hidden))};
}

DecoderValues gemma2_values(ConfigReader& config, const nn::Sizes& sizes,
                            const std::function<bool(int64_t)>& is_sliding) {
  DecoderValues values = gemma_values(config, sizes);
  values.attention_scale = 1 / std::sqrt(config.number_or("query_pre_attn_scalar", kDefaultHeadSize, 1e-6, kMostSize));
  values.has_norms_behind = true;
  values.sliding = read_sliding_layers(config, sizes.layers, is_sliding);
  return values;
}

}  // namespace rondo::backbones
