// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/config_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "rondo/base/nearest.h"

namespace rondo::backbones {
namespace {

constexpr int64_t kLongest = int64_t{1} << 31;
constexpr const char* kFull = "full_attention";
constexpr const char* kSliding = "sliding_attention";

struct NamedActivation {
  const char* name;
  nn::Activation activation;
};

// gelu_new, gelu_fast and gelu_pytorch_tanh are the same formula, written differently in transformers.
constexpr NamedActivation kActivations[] = {
    {"silu", nn::Activation::kSilu},          {"swish", nn::Activation::kSilu},
    {"gelu", nn::Activation::kGelu},          {"gelu_new", nn::Activation::kGeluTanh},
    {"gelu_fast", nn::Activation::kGeluTanh}, {"gelu_pytorch_tanh", nn::Activation::kGeluTanh},
    {"relu", nn::Activation::kRelu},          {"tanh", nn::Activation::kTanh}};

}  // namespace

nn::Sizes read_sizes(ConfigReader& config, std::span<const KeyName> names) {
  const auto own = [&](std::string_view usual) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const KeyName& key) { return key.usual == usual; });
    return std::string(found == names.end() ? usual : found->own);
  };
  nn::Sizes s;
  s.vocab = config.integer(own("vocab_size"), 1, kMostSize);
  s.hidden = config.integer(own("hidden_size"), 1, kMostSize);
  s.layers = config.integer(own("num_hidden_layers"), 1, 4096);
  s.heads = config.integer(own("num_attention_heads"), 1, 65536);
  s.kv_heads = s.heads;
  s.head_size = s.hidden / s.heads;
  return s;
}

nn::Sizes read_decoder_sizes(ConfigReader& config, int64_t default_head_size) {
  nn::Sizes s = read_sizes(config);
  s.kv_heads = config.integer_or("num_key_value_heads", s.heads, 1, s.heads);
  s.head_size = config.integer_or("head_dim", default_head_size > 0 ? default_head_size : s.head_size, 1, kMostSize);
  s.inner = config.integer("intermediate_size", 1, kMostSize);
  if (s.heads % s.kv_heads != 0) config.fail("num_key_value_heads", "does not divide num_attention_heads");
  return s;
}

int64_t read_max_length(ConfigReader& config, int64_t fallback) {
  return config.integer_or("max_position_embeddings", fallback, 1, kLongest);
}

nn::Activation read_activation(ConfigReader& config, const std::string& key, const std::string& fallback) {
  const std::string name = config.text_or(key, fallback);
  std::vector<std::string> known;
  for (const NamedActivation& row : kActivations) {
    if (name == row.name) return row.activation;
    known.emplace_back(row.name);
  }
  config.fail(key, "is an " + unknown_name_message("activation", name, known));
}

int64_t read_window(ConfigReader& config, int64_t fallback) {
  if (config.is_null("sliding_window")) return 0;
  return config.integer_or("sliding_window", fallback, 1, kLongest);
}

std::vector<bool> read_sliding_layers(ConfigReader& config, int64_t layers,
                                      const std::function<bool(int64_t)>& fallback) {
  std::vector<bool> sliding;
  const std::optional<std::vector<std::string>> named = config.texts("layer_types");
  if (!named) {
    for (int64_t layer = 0; layer < layers; ++layer) sliding.push_back(fallback(layer));
    return sliding;
  }
  if (static_cast<int64_t>(named->size()) != layers)
    config.fail("layer_types", fmt::format("has {} entries for {} layers", named->size(), layers));
  for (const std::string& name : *named) {
    if (name != kFull && name != kSliding)
      config.fail("layer_types", fmt::format("holds '{}'; known: {}, {}", name, kFull, kSliding));
    sliding.push_back(name == kSliding);
  }
  return sliding;
}

std::vector<bool> read_upper_sliding_layers(ConfigReader& config, int64_t layers) {
  constexpr int64_t kDefaultFullLayers = 28;
  const bool windowed = config.boolean_or("use_sliding_window", false);
  const int64_t full = config.integer_or("max_window_layers", kDefaultFullLayers, 0, kMostSize);
  std::vector<bool> sliding = read_sliding_layers(config, layers, [&](int64_t layer) { return layer >= full; });
  if (!windowed) sliding.assign(sliding.size(), false);
  return sliding;
}

}  // namespace rondo::backbones
