// SPDX-License-Identifier: Apache-2.0
// The feed-forward half of a block.
#pragma once

#include "rondo/nn/linear.h"

namespace rondo::nn {

enum class Activation { kSilu, kGelu, kGeluTanh, kRelu, kTanh };

Tensor activate(Activation activation, const Tensor& x);

/// Plain:  out( act(in(x)) ).     Gated (arXiv:2002.05202):  out( act(gate(x)) * in(x) ).
struct FeedForward {
  enum class Gate {
    kNone,
    kSeparate,  // gate and in are two matrices
    kStacked,   // one matrix `in` gives [gate; in]
  };
  Gate gating = Gate::kNone;
  Activation activation = Activation::kGelu;
  Linear gate;  // of kSeparate
  Linear in;
  Linear out;

  Tensor forward(const Tensor& x_ND) const;
};

}  // namespace rondo::nn
