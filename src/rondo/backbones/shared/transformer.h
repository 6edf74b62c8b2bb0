// SPDX-License-Identifier: Apache-2.0
// The one backbone: embeddings, blocks, final norm. A family fills in the parts.
#pragma once

#include <vector>

#include "rondo/backbones/shared/family.h"
#include "rondo/nn/block.h"
#include "rondo/nn/embedding.h"

namespace rondo::backbones {

struct TransformerParts {
  nn::Embeddings embeddings;
  /// Kinds of layers; each block names its own by index.
  std::vector<nn::AttentionKind> kinds;
  std::vector<nn::Block> blocks;
  nn::Norm final_norm;
  Tensor lm_head_VD;  // undefined where the family, or this checkpoint, has none
  double logit_softcap = 0;
};

class Transformer : public Backbone {
 public:
  Transformer(const nn::Sizes& sizes, TransformerParts parts) : Backbone(sizes), parts_(std::move(parts)) {}

  Tensor forward(const PackedBatch& batch, const ForwardOptions& options) const override;
  Tensor logits(const Tensor& hidden_ND) const override;
  Tensor logits_of(const Tensor& hidden_ND, const std::vector<int64_t>& tokens) const override;

 private:
  const Tensor& lm_head() const;
  Tensor capped(const Tensor& logits) const;

  TransformerParts parts_;
};

/// Queries, keys and values from three matrices.
nn::QkvProjection separate_qkv(const nn::Linear& q, const nn::Linear& k, const nn::Linear& v, const nn::Sizes& sizes);
/// All of them from one matrix.
nn::QkvProjection fused_qkv(nn::QkvProjection::Layout layout, const nn::Linear& qkv, const nn::Sizes& sizes);
/// 1 / sqrt(head size), the factor of attention scores (arXiv:1706.03762).
double usual_scale(const nn::Sizes& sizes);

}  // namespace rondo::backbones
