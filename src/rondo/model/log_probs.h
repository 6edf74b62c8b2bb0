// SPDX-License-Identifier: Apache-2.0
// What a model's language-model head says of given tokens.
#pragma once

#include "rondo/model/model.h"

namespace rondo::model {

/// log pi(target | what stands before it) for the batch's language-model targets [T], in float32 or wider. Logits are
/// held for a bounded number of rows and computed again in the backward pass. The batch was packed with targets.
Tensor target_log_probs(const Model& model, const PackedBatch& batch, const Tensor& hidden_ND);

}  // namespace rondo::model
