// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/initial.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "rondo/base/hash.h"
#include "rondo/base/random.h"

namespace rondo::model {
namespace {

// Drawn with our own generator, one stream per name: the same numbers on every platform and for every torch.
Tensor normal_tensor(const std::string& name, const std::vector<int64_t>& shape, double std, uint64_t seed) {
  Random random = Random(seed).split(hash128(name)[0]);
  Tensor tensor = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  float* values = tensor.mutable_data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(std * random.normal());
  return tensor;
}

}  // namespace

nn::ParameterSet initial_head(const heads::HeadConfig& head, int64_t hidden, uint64_t seed) {
  nn::ParameterSet parameters;
  const double std = 1.0 / (static_cast<double>(hidden) + 1);
  for (const nn::ExpectedWeight& weight : heads::head_weights(head, hidden)) {
    const bool is_matrix = weight.shape.size() == 2;
    parameters.add(weight.name, is_matrix ? normal_tensor(weight.name, weight.shape, std, seed)
                                          : at::zeros(weight.shape, at::TensorOptions().dtype(at::kFloat)));
  }
  return parameters;
}

nn::ParameterSet initial_backbone(const backbones::FamilyEntry& family, const nn::Sizes& sizes, double std,
                                  uint64_t seed) {
  nn::ParameterSet parameters;
  for (const nn::ExpectedWeight& weight : nn::expand_rules(family.weights, sizes)) {
    if (weight.shape.size() == 1) {
      const bool is_zero = weight.start == nn::Start::kZeros;
      const auto options = at::TensorOptions().dtype(at::kFloat);
      parameters.add(weight.name, is_zero ? at::zeros(weight.shape, options) : at::ones(weight.shape, options));
      continue;
    }
    const bool is_table = weight.shape.front() == sizes.vocab;
    const double scale = is_table ? 1.0 : 1.0 / std::sqrt(static_cast<double>(weight.shape.back()));
    parameters.add(weight.name, normal_tensor(weight.name, weight.shape, std > 0 ? std : scale, seed));
  }
  return parameters;
}

}  // namespace rondo::model
