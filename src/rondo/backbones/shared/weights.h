// SPDX-License-Identifier: Apache-2.0
// Parameters under a common name, as the pieces of nn/. A bias that the weight table does not list is left undefined.
#pragma once

#include <string>

#include "rondo/nn/linear.h"
#include "rondo/nn/norm.h"
#include "rondo/nn/parameters.h"

namespace rondo::backbones {

class Weights {
 public:
  /// The parameters must outlive it. `prefix` ends in a dot.
  Weights(const nn::ParameterSet& parameters, std::string prefix);

  /// PREFIX NAME. ...
  Weights under(const std::string& name) const { return {*parameters_, prefix_ + name + "."}; }
  Weights under(int64_t index) const { return under(std::to_string(index)); }

  const Tensor& tensor(const std::string& name) const { return parameters_->get(prefix_ + name); }
  Tensor tensor_if_any(const std::string& name) const;
  /// With the adapter that lies beside it.
  nn::Linear linear(const std::string& name) const;
  /// The identity where the weight table has no such norm.
  nn::Norm norm(const std::string& name, nn::NormKind kind, double eps) const;

 private:
  const nn::ParameterSet* parameters_;
  std::string prefix_;
};

}  // namespace rondo::backbones
