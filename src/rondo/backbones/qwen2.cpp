// SPDX-License-Identifier: Apache-2.0
// Qwen 2 and 2.5: Llama with biases on queries, keys and values, and a window in the upper layers where the config
// switches it on. arXiv:2407.10671, arXiv:2412.15115.
#include "rondo/backbones/shared/decoder.h"

namespace rondo::backbones {
namespace {

using enum nn::Start;

constexpr auto kBiases = std::to_array<nn::WeightRule>({
    {"model.layers.{}.self_attn.q_proj.bias", "(HK)", kZeros},
    {"model.layers.{}.self_attn.k_proj.bias", "(JK)", kZeros},
    {"model.layers.{}.self_attn.v_proj.bias", "(JK)", kZeros},
});
constexpr auto kWeights = joined(kDecoderWeights, kBiases);

}  // namespace

constinit const FamilyEntry qwen2_entry{
    .name = "qwen2",
    .model_type = "qwen2",
    .architectures = {"Qwen2ForCausalLM", "Qwen2ForSequenceClassification", "Qwen2Model"},
    .weights = kWeights,
    .max_length = [](ConfigReader& config) { return read_max_length(config, 32768); },
    .decoder = &upper_windows,
};

}  // namespace rondo::backbones
