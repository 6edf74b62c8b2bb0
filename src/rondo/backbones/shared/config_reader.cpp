// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/config_reader.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "rondo/base/error.h"

namespace rondo::backbones {
namespace {

// Keys of published config.json files that change what a model computes. A family reads those that it implements; what
// nobody read must not pass. Dropout, initial values, caches and token ids do not belong here.
constexpr const char* kMathsKeys[] = {"add_cross_attention",
                                      "alibi",
                                      "attention_bias",
                                      "attention_chunk_size",
                                      "attention_multiplier",
                                      "attn_logit_softcapping",
                                      "cla_share_factor",
                                      "clip_qkv",
                                      "conv_kernel_size",
                                      "embedding_multiplier",
                                      "embedding_size",
                                      "final_logit_softcapping",
                                      "is_decoder",
                                      "layer_types",
                                      "logit_scale",
                                      "logits_scaling",
                                      "mlp_bias",
                                      "new_decoder_architecture",
                                      "no_rope_layers",
                                      "norm_topk_prob",
                                      "num_experts",
                                      "num_experts_per_tok",
                                      "num_local_experts",
                                      "original_max_position_embeddings",
                                      "parallel_attn",
                                      "partial_rotary_factor",
                                      "qk_layernorm",
                                      "quantization_config",
                                      "query_pre_attn_scalar",
                                      "residual_multiplier",
                                      "rope_interleaved",
                                      "rope_parameters",
                                      "rope_scaling",
                                      "rotary_pct",
                                      "scale_attn_by_inverse_layer_idx",
                                      "sliding_window",
                                      "use_bidirectional_attention",
                                      "use_parallel_residual",
                                      "use_qk_norm",
                                      "use_sliding_window"};

// Null, false, 0, 1 and empty values switch a key off: multipliers are 1, counts 0.
bool is_neutral(const nlohmann::json& value) {
  if (value.is_null() || value == false || value == 0 || value == 1) return true;
  return (value.is_string() || value.is_array() || value.is_object()) && value.empty();
}

}  // namespace

ConfigReader::ConfigReader(const nlohmann::json& config, std::string place)
    : config_(&config), place_(std::move(place)) {
  if (!config.is_object()) throw ModelError("cannot read the model config: " + place_ + ": it is not a JSON object");
}

void ConfigReader::fail(const std::string& key, const std::string& fact) const {
  throw ModelError(fmt::format("model config not understood: {}: '{}' {}", place_, key, fact));
}

const nlohmann::json* ConfigReader::find(const std::string& key) {
  used_->insert(key);
  const auto found = config_->find(key);
  return found == config_->end() || found->is_null() ? nullptr : &*found;
}

int64_t ConfigReader::integer_or(const std::string& key, int64_t fallback, int64_t low, int64_t high) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number_integer()) fail(key, "is not a whole number");
  // Unsigned numbers above 2^63 would wrap in get<int64_t>.
  if (value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(high))
    fail(key, fmt::format("is above {}", high));
  const auto number = value->get<int64_t>();
  if (number < low || number > high) fail(key, fmt::format("is {}, outside {} to {}", number, low, high));
  return number;
}

int64_t ConfigReader::integer(const std::string& key, int64_t low, int64_t high) {
  if (find(key) == nullptr) fail(key, "is missing");
  return integer_or(key, 0, low, high);
}

double ConfigReader::number_or(const std::string& key, double fallback, double low, double high) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) fail(key, "is not a number");
  const auto number = value->get<double>();
  if (!(number >= low && number <= high)) fail(key, fmt::format("is {}, outside {} to {}", number, low, high));
  return number;
}

double ConfigReader::number(const std::string& key, double low, double high) {
  if (find(key) == nullptr) fail(key, "is missing");
  return number_or(key, 0, low, high);
}

bool ConfigReader::boolean_or(const std::string& key, bool fallback) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) fail(key, "is neither true nor false");
  return value->get<bool>();
}

std::string ConfigReader::text_or(const std::string& key, const std::string& fallback) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) fail(key, "is not a text");
  return value->get<std::string>();
}

std::string ConfigReader::text(const std::string& key) {
  if (find(key) == nullptr) fail(key, "is missing");
  return text_or(key, "");
}

std::optional<std::vector<std::string>> ConfigReader::texts(const std::string& key) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> list;
  if (value->is_string()) {
    std::istringstream parts(value->get<std::string>());
    for (std::string part; std::getline(parts, part, '|');) list.push_back(part);
    return list;
  }
  if (!value->is_array()) fail(key, "is not a list");
  for (const nlohmann::json& item : *value) {
    if (!item.is_string()) fail(key, "holds something that is not a text");
    list.push_back(item.get<std::string>());
  }
  return list;
}

bool ConfigReader::is_null(const std::string& key) { return find(key) == nullptr && config_->contains(key); }

std::optional<ConfigReader> ConfigReader::object(const std::string& key) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) fail(key, "is not an object");
  ConfigReader nested(*value, place_ + ": " + key);
  nested.ignored_ = ignored_;
  return nested;
}

void ConfigReader::require_text(const std::string& key, const std::string& only) {
  const std::string value = text_or(key, only);
  if (value != only) fail(key, fmt::format("is '{}'; only '{}' is implemented", value, only));
}

void ConfigReader::require_false(const std::string& key) {
  if (boolean_or(key, false)) fail(key, "is true, which is not implemented for this family");
}

void ConfigReader::ignore(const std::string& key) {
  const auto found = config_->find(key);
  if (found != config_->end() && !is_neutral(*found)) ignored_->insert(key);
}

void ConfigReader::refuse_unread_maths() const {
  for (const char* key : kMathsKeys) {
    const auto found = config_->find(key);
    if (found == config_->end() || used_->contains(key) || ignored_->contains(key) || is_neutral(*found)) continue;
    fail(key, fmt::format("is {}, which is not implemented for this family", found->dump()));
  }
}

std::vector<std::string> ConfigReader::unused() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : config_->items()) {
    if (used_->find(key) == used_->end()) keys.push_back(key);
  }
  return keys;
}

}  // namespace rondo::backbones
