// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/parameters.h"

#include <algorithm>

#include "rondo/base/error.h"

namespace rondo::nn {

void ParameterSet::add(std::string name, Tensor value) {
  RONDO_ASSERT(!has(name), "parameter names are unique");
  parameters_.push_back({std::move(name), std::move(value)});
}

bool ParameterSet::has(const std::string& name) const {
  return std::any_of(parameters_.begin(), parameters_.end(), [&](const Parameter& p) { return p.name == name; });
}

const Tensor& ParameterSet::get(const std::string& name) const {
  for (const Parameter& parameter : parameters_) {
    if (parameter.name == name) return parameter.value;
  }
  throw InternalError("no parameter " + name + "; the family builds a layer that its weight table does not list");
}

int64_t ParameterSet::element_count() const {
  int64_t count = 0;
  for (const Parameter& parameter : parameters_) count += parameter.value.numel();
  return count;
}

int64_t ParameterSet::trained_count() const {
  int64_t count = 0;
  for (const Parameter& parameter : parameters_) count += parameter.value.requires_grad() ? parameter.value.numel() : 0;
  return count;
}

}  // namespace rondo::nn
