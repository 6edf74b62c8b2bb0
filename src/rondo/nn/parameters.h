// SPDX-License-Identifier: Apache-2.0
// Parameters of a model by their Hugging Face name, in file order. Layers hold the same tensors, so that a change of
// `.grad` or of the values is seen on both sides; the name is the one that checkpoints, freezing patterns and parity
// recordings use.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rondo/base/tensor.h"

namespace rondo::nn {

struct LoraState;

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
  /// Elements that training changes.
  int64_t trained_count() const;
  /// The adapters among the parameters (nn/lora.h); null where there are none.
  const std::shared_ptr<LoraState>& lora() const { return lora_; }
  void set_lora(std::shared_ptr<LoraState> lora) { lora_ = std::move(lora); }

 private:
  std::vector<Parameter> parameters_;
  std::shared_ptr<LoraState> lora_;
};

}  // namespace rondo::nn
