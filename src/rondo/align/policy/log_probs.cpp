// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/policy/log_probs.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>

#include "rondo/model/log_probs.h"

namespace rondo::align {

ResponseLogProbs response_log_probs(const model::Model& policy, const PackedBatch& batch,
                                    const backbones::ForwardOptions& options) {
  ResponseLogProbs result;
  result.response_of_T = batch.lm_responses_T;
  result.token_T = model::target_log_probs(policy, batch, policy.hidden(batch, options));
  const Tensor zero_R = at::zeros({batch.response_count()}, result.token_T.options());
  result.sum_R = zero_R.index_add(0, result.response_of_T, result.token_T);
  result.length_R = zero_R.index_add(0, result.response_of_T, at::ones_like(result.token_T));
  return result;
}

TokenGroup policy_group(std::span<const int32_t> prompt, std::span<const std::vector<int32_t>> responses) {
  TokenGroup group;
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
