// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/lora.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>

#include <cmath>

#include "rondo/base/hash.h"
#include "rondo/base/random.h"
#include "rondo/nn/parameters.h"

namespace rondo::nn {
namespace {

Tensor drop(const Tensor& x, double share, uint64_t seed) {
  // A generator of its own, so that the mask follows from the seed alone and a block that runs twice sees it twice.
  at::Generator generator = at::globalContext().defaultGenerator(x.device()).clone();
  generator.set_current_seed(seed);
  return x * at::empty_like(x).bernoulli_(1 - share, generator) / (1 - share);
}

}  // namespace

bool is_lora(std::string_view name) { return name.ends_with(kLoraA) || name.ends_with(kLoraB); }

double LoraConfig::scale() const {
  const auto r = static_cast<double>(rank);
  return alpha / (rank_stabilised ? std::sqrt(r) : r);
}

Tensor LoraAdapter::forward(const Tensor& x) const {
  const LoraConfig& config = state->config;
  Tensor wide = x.to(a.scalar_type());
  if (state->drops && config.dropout > 0) wide = drop(wide, config.dropout, Random(state->draw).split(stream).seed());
  return config.scale() * at::linear(at::linear(wide, a), b);
}

std::shared_ptr<const LoraAdapter> find_adapter(const ParameterSet& parameters, const std::string& module) {
  const std::string a = module + std::string(kLoraA);
  if (!parameters.lora() || !parameters.has(a)) return nullptr;
  return std::make_shared<const LoraAdapter>(LoraAdapter{.a = parameters.get(a),
                                                         .b = parameters.get(module + std::string(kLoraB)),
                                                         .stream = hash128(module)[0],
                                                         .state = parameters.lora()});
}

Tensor lora_product(const Tensor& a, const Tensor& b, const LoraConfig& config) {
  return config.scale() * at::matmul(b, a);
}

Tensor initial_lora_a(const std::string& module, int64_t rank, int64_t in, uint64_t seed) {
  Random random = Random(seed).split(hash128(module + std::string(kLoraA))[0]);
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  Tensor a = at::empty({rank, in}, at::TensorOptions().dtype(at::kFloat));
  float* values = a.mutable_data_ptr<float>();
  for (int64_t i = 0; i < a.numel(); ++i) values[i] = static_cast<float>(bound * (2 * random.uniform() - 1));
  return a;
}

LoraDropout::LoraDropout(const ParameterSet& parameters, uint64_t draw) : state_(parameters.lora()) {
  if (!state_) return;
  state_->drops = true;
  state_->draw = draw;
}

LoraDropout::~LoraDropout() {
  if (state_) state_->drops = false;
}

}  // namespace rondo::nn
