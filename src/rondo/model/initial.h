// SPDX-License-Identifier: Apache-2.0
// Random weights: whole models for `rondo init`, fresh heads for `rondo train`.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "rondo/model/model.h"

namespace rondo::model {

/// Head matrices N(0, 1/(hidden + 1)) (docs/methods.md, Heads: that is the standard deviation), log nu = 0, in float32.
nn::ParameterSet initial_head(const heads::HeadConfig& head, int64_t hidden, uint64_t seed);

/// Norms 1 (or what the weight table says), biases 0, matrices N(0, std); std 0 means 1/sqrt(inputs) for each matrix
/// and 1 for the embedding table.
nn::ParameterSet initial_backbone(const backbones::FamilyEntry& family, const nn::Sizes& sizes, double std,
                                  uint64_t seed);

}  // namespace rondo::model
