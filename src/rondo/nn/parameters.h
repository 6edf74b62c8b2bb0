// SPDX-License-Identifier: Apache-2.0
// Parameters of a model by their Hugging Face name, in file order. Layers hold the same tensors, so that a change of
// `.grad` or of the values is seen on both sides; the name is the one that checkpoints, freezing patterns and parity
// recordings use.
#pragma once

#include <string>
#include <vector>

#include "rondo/base/tensor.h"

namespace rondo::nn {

struct Parameter {
  std::string name;
  Tensor value;
};

class ParameterSet {
 public:
  /// Throws InternalError where the name is taken.
  void add(std::string name, Tensor value);
  bool has(const std::string& name) const;
  /// Throws InternalError where the name is unknown.
  const Tensor& get(const std::string& name) const;
  const std::vector<Parameter>& all() const { return parameters_; }
  int64_t element_count() const;

 private:
  std::vector<Parameter> parameters_;
};

}  // namespace rondo::nn
