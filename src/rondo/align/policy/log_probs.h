// SPDX-License-Identifier: Apache-2.0
// Log-probabilities of responses under a policy, from the forest: the prompt of a group is computed once for all of its
// responses, and only the states that predict a response token meet the vocabulary.
#pragma once

#include <span>

#include "rondo/core/pack.h"
#include "rondo/core/packed_batch.h"
#include "rondo/model/model.h"

namespace rondo::align {

/// Of R responses with T tokens in all. Differentiable where the policy's parameters are; float32 or wider.
struct ResponseLogProbs {
  Tensor token_T;        // log pi(y_t | x, y_<t), response after response
  Tensor response_of_T;  // int64
  Tensor sum_R;          // over the tokens of each response
  Tensor length_R;       // tokens of each response, in the type of sum_R
};

/// `batch` was packed with LmTargets::kAll and lies where the policy does.
ResponseLogProbs response_log_probs(const model::Model& policy, const PackedBatch& batch,
                                    const backbones::ForwardOptions& options = {});

/// A group of given tokens: the prompt's and each response's, whose end token belongs to the response.
TokenGroup policy_group(std::span<const int32_t> prompt, std::span<const std::vector<int32_t>> responses);

}  // namespace rondo::align
