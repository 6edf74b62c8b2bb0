// SPDX-License-Identifier: Apache-2.0
// OLMo 2: Llama with norms behind each half instead of before it, and norms over all queries and all keys.
// arXiv:2501.00656.
#include "rondo/backbones/shared/decoder.h"

namespace rondo::backbones {
namespace {

constexpr auto kNorms = std::to_array<nn::WeightRule>({
    {"model.layers.{}.self_attn.q_norm.weight", "(HK)"},
    {"model.layers.{}.self_attn.k_norm.weight", "(JK)"},
    {"model.layers.{}.post_attention_layernorm.weight", "D"},
    {"model.layers.{}.post_feedforward_layernorm.weight", "D"},
});
constexpr auto kWeights = joined(kDecoderMatrices, kAttentionBiases, kNorms);

DecoderValues normed_behind(ConfigReader&, const nn::Sizes&) {
  return {.norm = nn::NormKind::kRmsWide, .default_eps = 1e-5, .has_norms_behind = true};
}

}  // namespace

constinit const FamilyEntry olmo2_entry{
    .name = "olmo2",
    .model_type = "olmo2",
    .architectures = {"Olmo2ForCausalLM", "Olmo2ForSequenceClassification", "Olmo2Model"},
    .sizes = [](ConfigReader& config) { return read_biased_decoder_sizes(config); },
    .weights = kWeights,
    .default_pad = 1,
    .max_length = [](ConfigReader& config) { return read_max_length(config, 2048); },
    .decoder = &normed_behind,
};

}  // namespace rondo::backbones
