// SPDX-License-Identifier: Apache-2.0
// Adapters of a model: which matrices have one, making, taking from a file, and folding them into their matrices.
#pragma once

#include "rondo/model/model.h"
#include "rondo/model/tensor_taker.h"
#include "rondo/nn/lora.h"

namespace rondo::model {

/// A matrix by the name of transformers' module.
struct Matrix {
  std::string module;  // "model.layers.0.self_attn.q_proj"
  int64_t in = 0;
  int64_t out = 0;
};

/// The matrices of the blocks, whole as the file stores them; not the embeddings, the head or the lm_head.
std::vector<Matrix> block_matrices(const backbones::FamilyEntry& family, const nn::Sizes& sizes);
/// Those between state and output of the family's own classifier, which PEFT may give adapters as well.
std::vector<Matrix> classifier_matrices(const backbones::FamilyEntry& family, const nn::Sizes& sizes);

/// Those that a config names: by whole names or last parts ("q_proj", "self_attn.q_proj"), by a pattern for the whole
/// name, or all. Throws ConfigError with the near names where a name, or the pattern, matches none.
std::vector<Matrix> targeted(const std::vector<Matrix>& matrices, const nn::LoraConfig& config);

/// A and B of every targeted matrix, B zero: they add nothing yet.
nn::ParameterSet initial_adapters(const std::vector<Matrix>& targets, const nn::LoraConfig& config, uint64_t seed);

/// A and B as a file holds them, in float32. Throws ModelError where half of one is missing, one that the config
/// names, or all of them.
nn::ParameterSet take_adapters(TensorTaker& taker, const std::vector<Matrix>& matrices, const nn::LoraConfig& config);

/// The same model without adapters: W + scale * B A in each matrix that had one. The model itself where it has none.
Model merged(const Model& model);

}  // namespace rondo::model
