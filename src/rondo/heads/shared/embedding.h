// SPDX-License-Identifier: Apache-2.0
// Preference embeddings and prompt gates, shared by the heads that have them (methods.md 2).
#pragma once

#include "rondo/heads/shared/head.h"

namespace rondo::heads {

std::vector<nn::ExpectedWeight> embedding_weights(const HeadConfig& config, int64_t hidden);

/// v = W_value h [R, 2k], divided by its L2 norm where config.norm is `unit`.
Tensor embeddings(const HeadConfig& config, const nn::ParameterSet& parameters, const Tensor& pooled_RD);

/// lambda = gate(W_prompt h_prompt) [G, k]; undefined where config.gate is `none`.
Tensor gate(const HeadConfig& config, const nn::ParameterSet& parameters, const Tensor& prompt_GD);

/// r = w h [R].
Tensor rewards(const nn::ParameterSet& parameters, const Tensor& pooled_RD);

}  // namespace rondo::heads
