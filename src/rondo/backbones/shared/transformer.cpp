// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/transformer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tensor.h>

#include <cmath>

#include "rondo/base/error.h"
#include "rondo/nn/precision.h"
#include "rondo/nn/recompute.h"

namespace rondo::backbones {

Tensor Transformer::forward(const PackedBatch& batch, const ForwardOptions& options) const {
  Tensor x_ND = parts_.embeddings.forward(batch);
  std::vector<nn::AttentionPass> passes;
  for (const nn::AttentionKind& kind : parts_.kinds) {
    passes.push_back(nn::begin_pass(kind, batch, sizes().heads, x_ND.scalar_type()));
  }
  for (size_t layer = 0; layer < parts_.blocks.size(); ++layer) {
    const nn::Block& block = parts_.blocks[layer];
    nn::AttentionPass pass = passes[block.kind];
    pass.cache = options.cache;
    pass.layer = layer;
    x_ND = options.recompute_blocks ? nn::recompute([&block, pass](const Tensor& x) { return block.forward(x, pass); },
                                                    x_ND, block.trained())
                                    : block.forward(x_ND, pass);
  }
  return parts_.final_norm.forward(x_ND);
}

const Tensor& Transformer::lm_head() const {
  if (!parts_.lm_head_VD.defined())
    throw ModelError("this model has no language-model head, and its embeddings are not tied to one");
  return parts_.lm_head_VD;
}

Tensor Transformer::capped(const Tensor& logits) const {
  if (parts_.logit_softcap <= 0) return logits;
  return (logits / parts_.logit_softcap).tanh() * parts_.logit_softcap;
}

Tensor Transformer::logits(const Tensor& hidden_ND) const { return capped(at::linear(hidden_ND, lm_head())); }

Tensor Transformer::logits_of(const Tensor& hidden_ND, const std::vector<int64_t>& tokens) const {
  const Tensor wide_ND = nn::at_least_float(hidden_ND);
  const Tensor index = at::tensor(tokens, at::TensorOptions().dtype(at::kLong)).to(hidden_ND.device());
  return capped(at::linear(wide_ND, lm_head().index_select(0, index).to(wide_ND.scalar_type())));
}

nn::QkvProjection separate_qkv(const nn::Linear& q, const nn::Linear& k, const nn::Linear& v, const nn::Sizes& sizes) {
  return {.layout = nn::QkvProjection::Layout::kSeparate,
          .q = q,
          .k = k,
          .v = v,
          .heads = sizes.heads,
          .kv_heads = sizes.kv_heads,
          .head_size = sizes.head_size};
}

nn::QkvProjection fused_qkv(nn::QkvProjection::Layout layout, const nn::Linear& qkv, const nn::Sizes& sizes) {
  return {.layout = layout, .q = qkv, .heads = sizes.heads, .kv_heads = sizes.kv_heads, .head_size = sizes.head_size};
}

double usual_scale(const nn::Sizes& sizes) { return 1 / std::sqrt(static_cast<double>(sizes.head_size)); }

}  // namespace rondo::backbones
