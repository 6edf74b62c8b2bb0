// SPDX-License-Identifier: Apache-2.0
// adapter_config.json as PEFT writes it, and where the base of an adapter lies.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rondo/nn/lora.h"

namespace rondo::model {

inline constexpr const char* kAdapterConfig = "adapter_config.json";
inline constexpr const char* kAdapterWeights = "adapter_model.safetensors";
/// What PEFT puts in front of a tensor's name.
inline constexpr const char* kAdapterPrefix = "base_model.model.";

/// Throws ModelError naming the key where a setting changes the maths in a way we do not compute (DoRA, patterns of
/// ranks, trained biases, ...), or where it is unknown and set. `place` names the file.
nn::LoraConfig read_adapter_config(const nlohmann::json& config, const std::string& place);

struct AdapterManifest {
  nn::LoraConfig lora;
  std::string task_type;                     // "SEQ_CLS", "CAUSAL_LM", or empty
  std::vector<std::string> modules_to_save;  // trained whole, and stored beside the adapters
  bool fan_in_fan_out = false;
};
nlohmann::json write_adapter_config(const AdapterManifest& manifest);

/// A model directory, seen as where its parts lie. Without an adapter all of them lie in the directory.
struct ModelFiles {
  std::filesystem::path directory;
  std::filesystem::path weights;    // config.json and weights of the backbone: the base of an adapter
  std::filesystem::path tokenizer;  // the adapter's own where it has one, the base's otherwise
  bool is_adapter = false;
  nn::LoraConfig lora;
};

/// `base` overrides where the base of an adapter lies. Throws ModelError where it is not there, or is an adapter
/// itself.
ModelFiles find_files(const std::filesystem::path& directory, const std::string& base = "");

/// config.json of the directory. That of an adapter which has none of its own is its base's, with the head that the
/// adapter holds announced as transformers would.
nlohmann::json read_model_config(const ModelFiles& files);

}  // namespace rondo::model
