// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/log_probs.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/zeros.h>

#include "rondo/base/error.h"
#include "rondo/nn/precision.h"
#include "rondo/nn/recompute.h"

namespace rondo::model {
namespace {

// Rows of logits held at once: 1,024 rows of a vocabulary of 128,000 are 512 MB in float32.
constexpr int64_t kLogitRows = 1024;

}  // namespace

Tensor target_log_probs(const Model& model, const PackedBatch& batch, const Tensor& hidden_ND) {
  RONDO_ASSERT(batch.lm_rows_T.defined(), "the batch was packed without language-model targets");
  const Tensor states_TD = hidden_ND.index_select(0, batch.lm_rows_T);
  std::vector<Tensor> parts;
  for (int64_t row = 0; row < states_TD.size(0); row += kLogitRows) {
    const int64_t rows = std::min(kLogitRows, states_TD.size(0) - row);
    const Tensor targets_T1 = batch.lm_targets_T.narrow(0, row, rows).unsqueeze(1);
    const auto log_probs = [&model, targets_T1](const Tensor& states) {
      const Tensor logits_TV = nn::at_least_float(model.backbone().logits(states));
      return logits_TV.gather(1, targets_T1).squeeze(1) - at::logsumexp(logits_TV, {1});
    };
    parts.push_back(nn::recompute(log_probs, states_TD.narrow(0, row, rows), model.parameters().all().front().value));
  }
  return parts.empty() ? at::zeros({0}, nn::at_least_float(states_TD).options()) : at::cat(parts);
}

}  // namespace rondo::model
