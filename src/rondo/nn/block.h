// SPDX-License-Identifier: Apache-2.0
// One block of a transformer. Families place their norms differently; a norm that a family lacks is the identity.
//
//   h = attention_sum_norm( x + attention_out_norm( attention( attention_norm(x) ) ) )
//   y = mlp_sum_norm( h + mlp_out_norm( mlp( mlp_norm(h) ) ) )
//
// Parallel blocks (GPT-J, Pythia) give the same x to both halves:  y = x + attention(..x) + mlp(..x).
#pragma once

#include "rondo/nn/feed_forward.h"
#include "rondo/nn/norm.h"
#include "rondo/nn/self_attention.h"

namespace rondo::nn {

struct Block {
  Norm attention_norm;
  SelfAttention attention;
  Norm attention_out_norm;
  Norm attention_sum_norm;
  Norm mlp_norm;
  FeedForward mlp;
  Norm mlp_out_norm;
  Norm mlp_sum_norm;
  bool parallel = false;
  size_t kind = 0;  // which of the model's AttentionKinds

  Tensor forward(const Tensor& x_ND, const AttentionPass& pass) const;
  /// A tensor of its matrices or adapters that is trained; one of its frozen ones where none is.
  Tensor trained() const;
};

}  // namespace rondo::nn
