// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/adapter_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rondo/backbones/shared/config_reader.h"
#include "rondo/base/error.h"
#include "rondo/io/json.h"
#include "rondo/io/safetensors.h"
#include "rondo/model/head_config.h"
#include "rondo/model/stored_head.h"

namespace rondo::model {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int64_t kMostRank = 1 << 16;
constexpr double kMostAlpha = 1e9;

// Keys that change nothing here: who wrote it, how A and B began, what PEFT does while it trains.
constexpr const char* kHarmless[] = {
    "auto_mapping",        "peft_version",           "revision",       "inference_mode",
    "task_type",           "fan_in_fan_out",         "layers_pattern", "megatron_core",
    "modules_to_save",     "qalora_group_size",      "runtime_config", "loftq_config",
    "ensure_weight_tying", "base_model_name_or_path"};

// Ways to begin that leave the base as it is; others (PiSSA, OLoRA, LoftQ) change it.
constexpr const char* kHarmlessStarts[] = {"gaussian", "eva", "orthogonal"};

bool is_unset(const json& value) {
  return value.is_null() || value == false || (value.is_object() && value.empty()) ||
         (value.is_array() && value.empty());
}

void read_targets(const json& config, backbones::ConfigReader& reader, nn::LoraConfig& lora) {
  const auto found = config.find("target_modules");
  if (found == config.end() || found->is_null()) return;
  if (found->is_string()) {
    const auto text = found->get<std::string>();
    if (text != "all-linear") lora.pattern = text;
    return;
  }
  if (!found->is_array()) reader.fail("target_modules", "is neither a text nor a list of texts");
  for (const json& name : *found) {
    if (!name.is_string()) reader.fail("target_modules", "holds something that is no text");
    lora.targets.push_back(name.get<std::string>());
  }
}

void refuse_other_maths(const json& config, backbones::ConfigReader& reader) {
  if (reader.text_or("peft_type", "LORA") != "LORA") reader.fail("peft_type", "is not LORA, the one kind we compute");
  reader.require_text("bias", "none");
  const auto start = config.find("init_lora_weights");
  if (start != config.end() && start->is_string()) {
    bool harmless = false;
    for (const char* name : kHarmlessStarts) harmless = harmless || *start == name;
    if (!harmless)
      reader.fail("init_lora_weights", "changes the base weights; save the adapter converted to plain LoRA");
  }
  for (const std::string& key : reader.unused()) {
    const bool known = std::find(std::begin(kHarmless), std::end(kHarmless), key) != std::end(kHarmless) ||
                       key == "init_lora_weights" || key == "target_modules";
    if (!known && !is_unset(config.at(key)))
      reader.fail(key, "is set, which changes what the adapter computes in a way we do not know; merge it with PEFT");
  }
}

fs::path base_of(const nn::LoraConfig& lora, const fs::path& directory, const std::string& base) {
  const fs::path named = base.empty() ? lora.base : base;
  for (const fs::path& candidate : {named, directory / named}) {
    if (!named.empty() && fs::exists(candidate / "config.json")) return candidate;
  }
  throw ModelError(fmt::format(
      "the base model of an adapter is not there: {}: {}; name its folder with `base` DIR", directory.string(),
      named.empty() ? "adapter_config.json names none" : named.string() + " holds no config.json"));
}

bool holds_tokenizer(const fs::path& directory) {
  return fs::exists(directory / "tokenizer.json") || fs::exists(directory / "tokenizer_config.json") ||
         fs::exists(directory / "vocab.txt");
}

}  // namespace

nn::LoraConfig read_adapter_config(const json& config, const std::string& place) {
  backbones::ConfigReader reader(config, place);
  nn::LoraConfig lora;
  lora.rank = reader.integer("r", 1, kMostRank);
  lora.alpha = reader.number("lora_alpha", -kMostAlpha, kMostAlpha);
  lora.dropout = reader.number_or("lora_dropout", 0, 0, 1);
  if (lora.dropout >= 1) reader.fail("lora_dropout", "drops everything");
  lora.rank_stabilised = reader.boolean_or("use_rslora", false);
  lora.base = reader.text_or("base_model_name_or_path", "");
  read_targets(config, reader, lora);
  refuse_other_maths(config, reader);
  return lora;
}

json write_adapter_config(const AdapterManifest& manifest) {
  const nn::LoraConfig& lora = manifest.lora;
  const bool whole = lora.alpha == std::floor(lora.alpha);
  json config = {{"peft_type", "LORA"},
                 {"task_type", manifest.task_type.empty() ? json() : json(manifest.task_type)},
                 {"base_model_name_or_path", lora.base},
                 {"inference_mode", true},
                 {"r", lora.rank},
                 {"lora_alpha", whole ? json(static_cast<int64_t>(lora.alpha)) : json(lora.alpha)},
                 {"lora_dropout", lora.dropout},
                 {"use_rslora", lora.rank_stabilised},
                 {"fan_in_fan_out", manifest.fan_in_fan_out},
                 {"bias", "none"},
                 {"init_lora_weights", true},
                 {"modules_to_save", manifest.modules_to_save}};
  if (!lora.pattern.empty()) {
    config["target_modules"] = lora.pattern;
  } else if (lora.targets.empty()) {
    config["target_modules"] = "all-linear";
  } else {
    config["target_modules"] = lora.targets;
  }
  return config;
}

ModelFiles find_files(const fs::path& directory, const std::string& base) {
  ModelFiles files{.directory = directory, .weights = directory, .tokenizer = directory};
  if (!fs::exists(directory / kAdapterConfig)) return files;
  const std::string place = (directory / kAdapterConfig).string();
  files.is_adapter = true;
  files.lora = read_adapter_config(io::read_json_file(directory / kAdapterConfig, ErrorKind::kModel), place);
  if (!fs::exists(directory / kAdapterWeights)) {
    throw ModelError(fmt::format("an adapter without weights: {}: {} is missing{}", directory.string(), kAdapterWeights,
                                 fs::exists(directory / "adapter_model.bin")
                                     ? "; adapter_model.bin can run code and is not read; save it with safetensors"
                                     : "; was the save interrupted?"));
  }
  files.weights = base_of(files.lora, directory, base);
  files.lora.base = fs::absolute(files.weights).lexically_normal().string();
  if (fs::exists(files.weights / kAdapterConfig)) {
    throw ModelError("an adapter on an adapter: " + place + ": " + files.weights.string() +
                     " is one itself; merge it first: `rondo export --merge`");
  }
  if (!holds_tokenizer(directory)) files.tokenizer = files.weights;
  return files;
}

json read_model_config(const ModelFiles& files) {
  if (!files.is_adapter || fs::exists(files.directory / "config.json"))
    return io::read_json_file(files.directory / "config.json", ErrorKind::kModel);
  json config = io::read_json_file(files.weights / "config.json", ErrorKind::kModel);
  const backbones::FamilyEntry* family = find_family_of(config);
  if (family == nullptr) return config;
  const StoredHead stored =
      find_stored_head(io::SafetensorsReader(files.directory / kAdapterWeights), *family, kAdapterPrefix);
  if (stored.name.empty()) return config;
  config["architectures"] = {class_name(*family, config, kClassifierClass)};
  config["num_labels"] = stored.outputs;
  config.erase("id2label");
  config.erase("label2id");
  if (const auto rondo = config.find("rondo"); rondo != config.end() && rondo->is_object()) rondo->erase("head");
  return config;
}

}  // namespace rondo::model
