// SPDX-License-Identifier: Apache-2.0
// Model directories: a Hugging Face directory whose config.json may hold a "rondo" object (head, planes,
// norm, gate, tau, text policy, training manifest). Reward models as transformers, TRL and OpenRLHF save them load as
// they stand, because their class name announces their head.
//
// A directory with adapter_config.json, as PEFT writes it, is an adapter: its base model lies elsewhere, its head and
// its low-rank matrices here (docs/adapters.md).
//
// Loading refuses missing, mis-shaped or extra tensors (beyond those the family names as ignorable) and a head that the
// config does not announce. Saving is atomic per file, config.json last, and is re-opened and compared.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "rondo/model/model.h"
#include "rondo/model/stored_head.h"
#include "rondo/nn/lora.h"

namespace rondo::model {

struct LoadOptions {
  /// A fresh head for a directory without one (or instead of its own), initialised from `seed`.
  std::optional<heads::HeadConfig> new_head;
  uint64_t seed = 1;
  /// Type of the backbone's weights; undefined = as stored. Heads are float32 always.
  std::optional<at::ScalarType> dtype;
  /// Where the parameters live.
  at::Device device = at::kCPU;
  /// Parameters get gradients and own their memory; otherwise they may lie in the mapped file.
  bool trainable = false;
  /// Load the language-model head as well (language-model loss).
  bool with_lm_head = false;
  /// A policy: the language-model head and no preference head, whatever the directory announces.
  bool as_policy = false;
  /// New adapters on a frozen backbone (nn/lora.h), drawn from `seed`.
  std::optional<nn::LoraConfig> new_adapter;
  /// Where the base of an adapter lies; empty = as its adapter_config.json says.
  std::string base;
  /// What the stored head is, where config.json does not announce it (`rondo import`).
  std::optional<HeadImport> import;
};

struct LoadedModel {
  std::unique_ptr<Model> model;
  /// The "rondo" object of config.json, an empty object where there was none.
  nlohmann::json rondo;
  /// Names of tensors that were in the files and are not used, and config keys nobody read.
  std::vector<std::string> ignored_tensors;
  std::vector<std::string> ignored_keys;
  /// Of them, those that change what other families compute.
  std::vector<std::string> foreign_keys;
};

LoadedModel load(const std::filesystem::path& directory, const LoadOptions& options = {});

struct SaveOptions {
  /// Type of the backbone's weights; undefined = as they are. Heads stay as they are.
  std::optional<at::ScalarType> dtype;
  /// Several files with an index where the weights have more bytes; 0 = one file always. A tensor is never divided.
  int64_t max_shard_bytes = 0;
  /// The token of pad_token_id, for the files of the tokenizer, which have to name the same; "" = as they are.
  std::string pad_token;
};

/// Writes config.json (with `rondo`, where "head" is filled in here), model.safetensors and the tokenizer files of
/// `tokenizer_source`. Existing files of the same names are replaced. A BT model that transformers' own class of the
/// family can compute gets that class name and its tensor names. A model with adapters is written in PEFT's layout,
/// without the weights of its base.
void save(const Model& model, nlohmann::json rondo, const std::filesystem::path& directory,
          const std::filesystem::path& tokenizer_source, const SaveOptions& options = {});

/// The same for a model without a head, as `rondo init` makes it.
void save_backbone(const nlohmann::json& config, const nn::ParameterSet& parameters,
                   const std::filesystem::path& directory, const std::filesystem::path& tokenizer_source);

/// SHA-256 over names, types, shapes and bytes of all parameters.
std::string weights_hash(const Model& model);

/// Where an adapter's config.json keeps the fingerprint of the base that it was trained on.
inline constexpr const char* kBaseFingerprint = "base_fingerprint";
/// Of the backbone's own weights: SHA-256 over names, shapes and up to 64 values of each, rounded to bfloat16 so that
/// the type they are loaded in does not count. Another base of the same shapes differs in it.
std::string base_fingerprint(const Model& model);

}  // namespace rondo::model
