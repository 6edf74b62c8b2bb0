// SPDX-License-Identifier: Apache-2.0
// A preference model: backbone, pooling and head as one object.
//
//   packed batch -> backbone -> states at the pooled positions -> head -> parts of the score kernel
//
// A BT head taken over from an encoder's classifier has the classifier's layers in front (family.h).
//
// The directory form (config.json with a "rondo" object, safetensors, tokenizer files) is in model/directory.h.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "rondo/backbones/shared/family.h"
#include "rondo/core/packed_batch.h"
#include "rondo/core/score_kernel.h"
#include "rondo/heads/shared/head.h"
#include "rondo/nn/parameters.h"

namespace rondo::model {

/// Head kind of a model without a preference head: a policy.
inline constexpr const char* kNoHead = "none";

class Model {
 public:
  /// Takes parameters that fit the weight tables of the family and the head; model/directory.h makes them.
  Model(const backbones::FamilyEntry& family, nlohmann::json config, heads::HeadConfig head,
        nn::ParameterSet parameters);

  /// Rewards, embeddings and gate of every response and group of the batch, in float32 or wider.
  HeadOutput forward(const PackedBatch& batch, const backbones::ForwardOptions& options = {}) const;

  /// The three steps of forward, for callers that need what lies between.
  Tensor hidden(const PackedBatch& batch, const backbones::ForwardOptions& options = {}) const;
  Tensor pooled(const PackedBatch& batch, const Tensor& hidden_ND) const;
  /// prompt_GD may be undefined where the head has no gate.
  HeadOutput head(const Tensor& pooled_RD, const Tensor& prompt_GD) const;
  /// pooled, prompt_states and head of a batch at once, with the places of a pairwise head's pairs.
  HeadOutput output(const PackedBatch& batch, const Tensor& hidden_ND) const;
  /// States at the gate positions; undefined where the head has no gate.
  Tensor prompt_states(const PackedBatch& batch, const Tensor& hidden_ND) const;

  const backbones::Backbone& backbone() const { return *backbone_; }
  const backbones::FamilyEntry& family() const { return *family_; }
  const heads::HeadConfig& head_config() const { return head_; }
  const nn::ParameterSet& parameters() const { return parameters_; }
  /// config.json as loaded; the "rondo" object is written anew at every save.
  const nlohmann::json& config() const { return config_; }
  /// Whether a parameter belongs to the backbone or its language-model head. What lies between the pooled state and the
  /// score does not: the preference head, and in front of it the layers of an encoder's classifier.
  bool is_backbone(const std::string& parameter) const;
  bool needs_gate() const { return head_.has_gate(); }
  int64_t max_length() const;
  at::Device device() const;

 private:
  const backbones::FamilyEntry* family_;
  nlohmann::json config_;
  heads::HeadConfig head_;
  nn::ParameterSet parameters_;
  std::unique_ptr<backbones::Backbone> backbone_;
  std::optional<nn::Transition> transition_;
};

}  // namespace rondo::model
