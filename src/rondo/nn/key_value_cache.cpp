// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/key_value_cache.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/logsumexp.h>

#include <algorithm>
#include <limits>

#include "rondo/base/error.h"
#include "rondo/nn/precision.h"

namespace rondo::nn {
namespace {

// Attention over some of the keys: the output normalised over them, and the log of their total weight.
struct Part {
  Tensor out_JQK;  // [J, queries, K], float32 or wider
  Tensor log_weight_JQ;
};

Part attend_to(const Tensor& q_JQK, const Tensor& k_JCK, const Tensor& v_JCK, const AttentionOptions& options) {
  Tensor scores = at_least_float(at::bmm(q_JQK, k_JCK.transpose(1, 2))) * options.scale;
  if (options.softcap > 0) scores = (scores / options.softcap).tanh() * options.softcap;
  const Tensor log_weight_JQ = at::logsumexp(scores, {-1});
  const Tensor weights = (scores - log_weight_JQ.unsqueeze(-1)).exp().to(v_JCK.scalar_type());
  return {at_least_float(at::bmm(weights, v_JCK)), log_weight_JQ};
}

// [rows, H, K] -> [J, rows * H/J, K]: the query heads of a key head stand together.
Tensor by_key_head(const Tensor& q_RHK, int64_t kv_heads) {
  const int64_t rows = q_RHK.size(0), shared = q_RHK.size(1) / kv_heads;
  return q_RHK.reshape({rows, kv_heads, shared, q_RHK.size(2)}).transpose(0, 1).reshape({kv_heads, rows * shared, -1});
}

// [J, rows * S, ...] -> [rows, J, S, ...]
Tensor by_row(const Tensor& x, int64_t rows) { return x.unflatten(1, {rows, -1}).transpose(0, 1); }

}  // namespace

KeyValueCache::KeyValueCache(std::vector<CachedPrompt> prompts, int64_t capacity)
    : prompts_(std::move(prompts)), capacity_(capacity) {}

void KeyValueCache::record(size_t layer, const Tensor& k_NJK, const Tensor& v_NJK) {
  RONDO_ASSERT(layer == layers_.size(), "layers are recorded in order");
  layers_.push_back({k_NJK.transpose(0, 1).contiguous(), v_NJK.transpose(0, 1).contiguous(), {}, {}});
}

Tensor KeyValueCache::attend(size_t layer, const Tensor& q_RHK, const Tensor& k_RJK, const Tensor& v_RJK,
                             int64_t window, const AttentionOptions& options) {
  RONDO_ASSERT(step_ >= 0 && step_ < capacity_, "the cache is full, or its prompts are not finished");
  Layer& cached = layers_.at(layer);
  const int64_t rows = q_RHK.size(0), kv_heads = k_RJK.size(1), size = q_RHK.size(2);
  if (!cached.own_k_RJCK.defined()) {
    cached.own_k_RJCK = at::empty({rows, kv_heads, capacity_, size}, k_RJK.options());
    cached.own_v_RJCK = at::empty_like(cached.own_k_RJCK);
  }
  cached.own_k_RJCK.select(2, step_).copy_(k_RJK);
  cached.own_v_RJCK.select(2, step_).copy_(v_RJK);

  // Own keys: one product for all responses, R * J small matrices.
  const int64_t reach = window > 0 ? window : std::numeric_limits<int64_t>::max();
  const int64_t own_begin = std::max<int64_t>(0, step_ + 1 - reach), own_keys = step_ + 1 - own_begin;
  const Tensor own_q = q_RHK.reshape({rows * kv_heads, -1, size});
  const Part own = attend_to(own_q, cached.own_k_RJCK.narrow(2, own_begin, own_keys).flatten(0, 1),
                             cached.own_v_RJCK.narrow(2, own_begin, own_keys).flatten(0, 1), options);
  Tensor out = own.out_JQK.view({rows, kv_heads, -1, size});
  Tensor log_weight = own.log_weight_JQ.view({rows, kv_heads, -1});

  // Prompts: one product per group, all its responses against the one copy of the keys.
  std::vector<Tensor> prompt_out, prompt_weight;
  int64_t row = 0;
  for (const CachedPrompt& prompt : prompts_) {
    if (prompt.responses == 0) continue;
    const int64_t visible = std::clamp<int64_t>(reach - 1 - step_, 0, prompt.length);
    const int64_t begin = prompt.begin + prompt.length - visible;
    const Tensor q = by_key_head(q_RHK.narrow(0, row, prompt.responses), kv_heads);
    const Part part = attend_to(q, cached.prompt_k_NJK.narrow(1, begin, visible),
                                cached.prompt_v_NJK.narrow(1, begin, visible), options);
    prompt_out.push_back(by_row(part.out_JQK, prompt.responses));
    prompt_weight.push_back(by_row(part.log_weight_JQ, prompt.responses));
    row += prompt.responses;
  }
  RONDO_ASSERT(row == rows, "every response belongs to a prompt");
  const Tensor other_weight = at::cat(prompt_weight), total = at::logaddexp(log_weight, other_weight);
  out =
      out * (log_weight - total).exp().unsqueeze(-1) + at::cat(prompt_out) * (other_weight - total).exp().unsqueeze(-1);
  return out.reshape({rows, -1, size}).to(q_RHK.scalar_type());
}

void KeyValueCache::keep(const Tensor& rows_R, const std::vector<int64_t>& kept_of_prompt) {
  for (size_t k = 0; k < prompts_.size(); ++k) prompts_[k].responses = kept_of_prompt.at(k);
  for (Layer& layer : layers_) {
    if (!layer.own_k_RJCK.defined()) continue;  // no step yet
    layer.own_k_RJCK = layer.own_k_RJCK.index_select(0, rows_R);
    layer.own_v_RJCK = layer.own_v_RJCK.index_select(0, rows_R);
  }
}

}  // namespace rondo::nn
