// SPDX-License-Identifier: Apache-2.0
// Qwen 3 (dense): Llama with a norm on each query and key head. arXiv:2505.09388.
#include "rondo/backbones/shared/decoder.h"

namespace rondo::backbones {
namespace {

constexpr auto kWeights = joined(kDecoderWeights, kAttentionBiases, kHeadNorms);

constexpr int64_t kDefaultHeadSize = 128;

nn::Sizes sizes(ConfigReader& config) { return read_biased_decoder_sizes(config, kDefaultHeadSize); }

}  // namespace

constinit const FamilyEntry qwen3_entry{
    .name = "qwen3",
    .model_type = "qwen3",
    .architectures = {"Qwen3ForCausalLM", "Qwen3ForSequenceClassification", "Qwen3Model"},
    .sizes = &sizes,
    .weights = kWeights,
    .max_length = [](ConfigReader& config) { return read_max_length(config, 32768); },
    .decoder = &upper_windows,
};

}  // namespace rondo::backbones
