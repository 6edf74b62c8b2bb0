// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/weights.h"

#include "rondo/nn/lora.h"

namespace rondo::backbones {

Weights::Weights(const nn::ParameterSet& parameters, std::string prefix)
    : parameters_(&parameters), prefix_(std::move(prefix)) {}

Tensor Weights::tensor_if_any(const std::string& name) const {
  return parameters_->has(prefix_ + name) ? parameters_->get(prefix_ + name) : Tensor();
}

nn::Linear Weights::linear(const std::string& name) const {
  return {.weight = tensor(name + ".weight"),
          .bias = tensor_if_any(name + ".bias"),
          .adapter = nn::find_adapter(*parameters_, prefix_ + name)};
}

nn::Norm Weights::norm(const std::string& name, nn::NormKind kind, double eps) const {
  return {
      .kind = kind, .weight_D = tensor_if_any(name + ".weight"), .bias_D = tensor_if_any(name + ".bias"), .eps = eps};
}

}  // namespace rondo::backbones
