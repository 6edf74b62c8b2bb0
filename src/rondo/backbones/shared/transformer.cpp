// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/transformer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>

#include <cmath>

#include "rondo/base/error.h"
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

Tensor Transformer::logits(const Tensor& hidden_ND) const {
  if (!parts_.lm_head_VD.defined())
    throw ModelError("this model has no language-model head, and its embeddings are not tied to one");
  const Tensor logits_NV = at::linear(hidden_ND, parts_.lm_head_VD);
  if (parts_.logit_softcap <= 0) return logits_NV;
  return (logits_NV / parts_.logit_softcap).tanh() * parts_.logit_softcap;
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
