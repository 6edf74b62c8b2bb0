// SPDX-License-Identifier: Apache-2.0
// The layers between a pooled state and the outputs of an encoder's classifier (BERT calls them its pooler).
#pragma once

#include "rondo/nn/feed_forward.h"
#include "rondo/nn/norm.h"

namespace rondo::nn {

/// y = norm( act(x W' + b) ), in the type of the weights.
struct Transition {
  Linear dense;
  Activation activation = Activation::kTanh;
  Norm norm;  // the identity where it has no weight

  Tensor forward(const Tensor& x_RD) const;
};

}  // namespace rondo::nn
