// SPDX-License-Identifier: Apache-2.0
// Gemma 2: Gemma with norms on both sides of each half, every other layer behind a window, capped attention scores and
// logits, and a score scale of its own. arXiv:2408.00118.
#include "rondo/backbones/shared/gemma_values.h"

namespace rondo::backbones {
namespace {

constexpr auto kWeights = with_centred_norms(joined(kDecoderWeights, kAttentionBiases, kFeedForwardNorms));

constexpr double kMostCap = 1e6;

// A missing cap has the default of the published models; null means none.
double read_cap(ConfigReader& config, const char* key, double fallback) {
  return config.is_null(key) ? 0 : config.number_or(key, fallback, 0, kMostCap);
}

DecoderValues capped(ConfigReader& config, const nn::Sizes& sizes) {
  DecoderValues values = gemma2_values(config, sizes, [](int64_t layer) { return layer % 2 == 0; });
  values.attention_softcap = read_cap(config, "attn_logit_softcapping", 50);
  values.logit_softcap = read_cap(config, "final_logit_softcapping", 30);
  values.kinds = full_and_windowed(config, sizes);
  return values;
}

}  // namespace

constinit const FamilyEntry gemma2_entry{
    .name = "gemma2",
    .model_type = "gemma2",
    .architectures = {"Gemma2ForCausalLM", "Gemma2ForSequenceClassification", "Gemma2Model"},
    .sizes = &read_gemma_sizes,
    .weights = kWeights,
    .tied = true,
    .default_pad = 0,
    .max_length = [](ConfigReader& config) { return read_max_length(config, 8192); },
    .decoder = &capped,
};

}  // namespace rondo::backbones
