// SPDX-License-Identifier: Apache-2.0
// What heads are made of: preference embeddings, prompt gates, linear maps (docs/methods.md, Heads).
#pragma once

#include "rondo/heads/shared/head.h"

namespace rondo::heads {

std::vector<nn::ExpectedWeight> embedding_weights(const HeadConfig& config, int64_t hidden);

/// v = W_value h [R, 2k], divided by its L2 norm where config.norm is `unit`.
Tensor embeddings(const HeadConfig& config, const nn::ParameterSet& parameters, const Tensor& pooled_RD);

/// lambda = gate(W_prompt h_prompt) [G, k]; undefined where config.gate is `none`.
Tensor gate(const HeadConfig& config, const nn::ParameterSet& parameters, const Tensor& prompt_GD);

/// W h + b of a map that is stored as NAME.weight and, where it has one, NAME.bias.
Tensor linear_map(const nn::ParameterSet& parameters, const std::string& name, const Tensor& x);

/// r = w h [R].
Tensor rewards(const nn::ParameterSet& parameters, const Tensor& pooled_RD);

}  // namespace rondo::heads
