// SPDX-License-Identifier: Apache-2.0
// Small tensors for tests: from JSON, from seeded numbers, and numerical gradients.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/base/random.h"

namespace rondo::testing {

/// A float64 tensor from nested JSON lists.
inline at::Tensor from_json(const nlohmann::json& j) {
  std::vector<int64_t> shape;
  for (const nlohmann::json* level = &j; level->is_array(); level = &level->front()) {
    shape.push_back(static_cast<int64_t>(level->size()));
  }
  std::vector<double> flat;
  const std::function<void(const nlohmann::json&)> collect = [&](const nlohmann::json& level) {
    if (!level.is_array()) {
      flat.push_back(level.get<double>());
      return;
    }
    for (const nlohmann::json& item : level) collect(item);
  };
  collect(j);
  return at::tensor(flat, at::TensorOptions().dtype(at::kDouble)).view(shape);
}

/// Standard normal numbers.
inline at::Tensor random_tensor(std::vector<int64_t> shape, uint64_t seed, at::ScalarType type = at::kDouble) {
  at::Tensor x = at::empty(shape, at::TensorOptions().dtype(at::kDouble));
  Random random(seed);
  double* values = x.mutable_data_ptr<double>();
  for (int64_t i = 0; i < x.numel(); ++i) values[i] = random.normal();
  return x.to(type);
}

/// Largest absolute difference; infinity where shapes differ or a number is not one.
inline double distance(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  if (a.numel() == 0) return 0;
  const double d = (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
  return std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
}

/// d f / d x by central differences; x is float64 and changed in place for the moment of each evaluation.
inline at::Tensor numerical_gradient(const std::function<double()>& f, const at::Tensor& x, double step = 1e-6) {
  const at::NoGradGuard no_grad;
  at::Tensor values = x.detach();
  at::Tensor gradient = at::empty_like(values);
  at::Tensor flat = values.view({-1}), out = gradient.view({-1});
  for (int64_t i = 0; i < flat.numel(); ++i) {
    const double kept = flat[i].item<double>();
    flat[i].fill_(kept + step);
    const double above = f();
    flat[i].fill_(kept - step);
    const double below = f();
    flat[i].fill_(kept);
    out[i].fill_((above - below) / (2 * step));
  }
  return gradient;
}

}  // namespace rondo::testing
