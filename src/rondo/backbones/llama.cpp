// SPDX-License-Identifier: Apache-2.0
// Llama 1 to 3: pre-norm decoder with RMSNorm, rotary positions, grouped queries and SwiGLU.
// arXiv:2302.13971, arXiv:2307.09288, arXiv:2407.21783.
#include "rondo/backbones/shared/decoder.h"

namespace rondo::backbones {
namespace {

using enum nn::Start;

constexpr auto kFeedForwardBiases = std::to_array<nn::WeightRule>({
    {"model.layers.{}.mlp.gate_proj.bias", "F", kZeros, &nn::Sizes::mlp_bias},
    {"model.layers.{}.mlp.up_proj.bias", "F", kZeros, &nn::Sizes::mlp_bias},
    {"model.layers.{}.mlp.down_proj.bias", "D", kZeros, &nn::Sizes::mlp_bias},
});
constexpr auto kWeights = joined(kDecoderWeights, kAttentionBiases, kFeedForwardBiases);

nn::Sizes sizes(ConfigReader& config) {
  nn::Sizes s = read_biased_decoder_sizes(config);
  s.mlp_bias = config.boolean_or("mlp_bias", false);
  return s;
}

DecoderValues values(ConfigReader& config, const nn::Sizes&) {
  config.integer_or("pretraining_tp", 1, 1, 64);  // splits the products, not the result
  return {};
}

}  // namespace

constinit const FamilyEntry llama_entry{
    .name = "llama",
    .model_type = "llama",
    .architectures = {"LlamaForCausalLM", "LlamaForSequenceClassification", "LlamaModel"},
    .sizes = &sizes,
    .weights = kWeights,
    .max_length = [](ConfigReader& config) { return read_max_length(config, 2048); },
    .decoder = &values,
};

}  // namespace rondo::backbones
