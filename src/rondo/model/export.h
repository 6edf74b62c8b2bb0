// SPDX-License-Identifier: Apache-2.0
// Models as transformers' own classes compute them.
#pragma once

#include "rondo/model/model.h"

namespace rondo::model {

/// A BT model whose rewards transformers' ...ForSequenceClassification gives.
///
/// Decoders: the same tensors. Encoders whose head came from such a class: the same. A head of ours on an encoder has
/// no layer between state and output, and the class has one; the layer is filled so that its outputs are w.h again:
///
///   tanh:                 2^14 tanh(2^-14 w.h)       off by (2^-14 w.h)^2 / 3, relative: less than float32 resolves
///   relu, gelu, silu:     f(w.h) - f(-w.h) = w.h     exact, since f(x) = x g(x) with g(x) + g(-x) = 1
///
/// Throws ModelError where the head is no BT head, or where the class has a norm behind its layer (ModernBERT).
Model as_classifier(const Model& model);

}  // namespace rondo::model
