// SPDX-License-Identifier: Apache-2.0
// Gemma 1: Llama with GeGLU, norms centred at 1, and embeddings scaled by sqrt(D). arXiv:2403.08295.
#include "rondo/backbones/shared/gemma_values.h"

namespace rondo::backbones {
namespace {

constexpr auto kWeights = with_centred_norms(joined(kDecoderWeights, kAttentionBiases));

// Early configs say "gelu" and mean the approximation by tanh, which hidden_activation then states.
DecoderValues gelu_by_tanh(ConfigReader& config, const nn::Sizes& sizes) {
  DecoderValues values = gemma_values(config, sizes);
  const nn::Activation named = read_activation(config, "hidden_act", "gelu_pytorch_tanh");
  if (named != nn::Activation::kGelu) values.activation = named;
  return values;
}

}  // namespace

constinit const FamilyEntry gemma_entry{
    .name = "gemma",
    .model_type = "gemma",
    .architectures = {"GemmaForCausalLM", "GemmaForSequenceClassification", "GemmaModel"},
    .sizes = &read_gemma_sizes,
    .weights = kWeights,
    .tied = true,
    .default_pad = 0,
    .max_length = [](ConfigReader& config) { return read_max_length(config, 8192); },
    .decoder = &gelu_by_tanh,
};

}  // namespace rondo::backbones
