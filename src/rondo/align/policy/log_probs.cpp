// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/policy/log_probs.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>

#include "rondo/base/error.h"
#include "rondo/nn/precision.h"
#include "rondo/nn/recompute.h"

namespace rondo::align {
namespace {

// Rows of logits held at once: 1,024 rows of a vocabulary of 128,000 are 512 MB in float32.
constexpr int64_t kLogitRows = 1024;

}  // namespace

ResponseLogProbs response_log_probs(const model::Model& policy, const PackedBatch& batch,
                                    const backbones::ForwardOptions& options) {
  RONDO_ASSERT(batch.lm_rows_T.defined(), "the batch was packed without language-model targets");
  const Tensor states_TD = policy.hidden(batch, options).index_select(0, batch.lm_rows_T);
  std::vector<Tensor> parts;
  for (int64_t row = 0; row < states_TD.size(0); row += kLogitRows) {
    const int64_t rows = std::min(kLogitRows, states_TD.size(0) - row);
    const Tensor targets_T1 = batch.lm_targets_T.narrow(0, row, rows).unsqueeze(1);
    const auto log_probs = [&policy, targets_T1](const Tensor& states) {
      const Tensor logits_TV = nn::at_least_float(policy.backbone().logits(states));
      return logits_TV.gather(1, targets_T1).squeeze(1) - at::logsumexp(logits_TV, {1});
    };
    parts.push_back(nn::recompute(log_probs, states_TD.narrow(0, row, rows), policy.parameters().all().front().value));
  }
  ResponseLogProbs result;
  result.response_of_T = batch.lm_responses_T;
  result.token_T = parts.empty() ? at::zeros({0}, nn::at_least_float(states_TD).options()) : at::cat(parts);
  const Tensor zero_R = at::zeros({batch.response_count()}, result.token_T.options());
  result.sum_R = zero_R.index_add(0, result.response_of_T, result.token_T);
  result.length_R = zero_R.index_add(0, result.response_of_T, at::ones_like(result.token_T));
  return result;
}

TokenGroup policy_group(std::span<const int32_t> prompt, std::span<const std::vector<int32_t>> responses) {
  TokenGroup group;
  group.gate_pos = static_cast<int64_t>(prompt.size()) - 1;
  for (const std::vector<int32_t>& response : responses) {
    TokenResponse& r = group.responses.emplace_back();
    r.ids.assign(prompt.begin(), prompt.end());
    r.ids.insert(r.ids.end(), response.begin(), response.end());
    r.response_begin = static_cast<int64_t>(prompt.size());
    r.pool_end = static_cast<int64_t>(r.ids.size());
    r.pool_begin = r.pool_end - 1;
  }
  return group;
}

}  // namespace rondo::align
