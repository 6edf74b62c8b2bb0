// SPDX-License-Identifier: Apache-2.0
// Mistral 7B: Llama with a window over the last positions in every layer. arXiv:2310.06825.
#include "rondo/backbones/shared/decoder.h"

namespace rondo::backbones {
namespace {

DecoderValues windowed(ConfigReader& config, const nn::Sizes& s) {
  return {.kinds = {{.window = read_window(config, kUsualWindow), .rope = read_rope(config, s.head_size)}}};
}

}  // namespace

constinit const FamilyEntry mistral_entry{
    .name = "mistral",
    .model_type = "mistral",
    .architectures = {"MistralForCausalLM", "MistralForSequenceClassification", "MistralModel"},
    .max_length = [](ConfigReader& config) { return read_max_length(config, 131072); },
    .decoder = &windowed,
};

}  // namespace rondo::backbones
