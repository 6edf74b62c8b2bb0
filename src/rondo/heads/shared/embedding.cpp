// SPDX-License-Identifier: Apache-2.0
#include "rondo/heads/shared/embedding.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/softplus.h>

#include "rondo/base/error.h"

namespace rondo::heads {
namespace {

// The shortest vector that is divided by its own length: only a zero vector is shorter in float32.
constexpr double kSmallestNorm = 1e-30;

Tensor weight_of(const nn::ParameterSet& parameters, const char* name, const Tensor& like) {
  return parameters.get(name).to(like.scalar_type());
}

}  // namespace

std::vector<nn::ExpectedWeight> embedding_weights(const HeadConfig& config, int64_t hidden) {
  std::vector<nn::ExpectedWeight> weights = {{"value_head.weight", {2 * config.planes, hidden}}};
  if (config.has_gate()) weights.push_back({"prompt_head.weight", {config.planes, hidden}});
  return weights;
}

Tensor embeddings(const HeadConfig& config, const nn::ParameterSet& parameters, const Tensor& pooled_RD) {
  const Tensor v_RE = at::linear(pooled_RD, weight_of(parameters, "value_head.weight", pooled_RD));
  if (config.norm != "unit") return v_RE;
  return v_RE / at::linalg_vector_norm(v_RE, 2, at::IntArrayRef{-1}, /*keepdim=*/true).clamp_min(kSmallestNorm);
}

Tensor gate(const HeadConfig& config, const nn::ParameterSet& parameters, const Tensor& prompt_GD) {
  if (!config.has_gate()) return {};
  RONDO_ASSERT(prompt_GD.defined(), "a gated head gets the prompt's state");
  const Tensor z_GP = at::linear(prompt_GD, weight_of(parameters, "prompt_head.weight", prompt_GD));
  if (config.gate == "softmax") return at::softmax(z_GP, -1);
  if (config.gate == "softmax_k") return static_cast<double>(config.planes) * at::softmax(z_GP, -1);
  RONDO_ASSERT(config.gate == "softplus", "gate names are checked where configs are read");
  return at::softplus(z_GP);
}

Tensor linear_map(const nn::ParameterSet& parameters, const std::string& name, const Tensor& x) {
  const std::string bias = name + ".bias";
  return at::linear(x, weight_of(parameters, (name + ".weight").c_str(), x),
                    parameters.has(bias) ? weight_of(parameters, bias.c_str(), x) : Tensor());
}

Tensor rewards(const nn::ParameterSet& parameters, const Tensor& pooled_RD) {
  return at::linear(pooled_RD, weight_of(parameters, "score.weight", pooled_RD)).squeeze(-1);
}

}  // namespace rondo::heads
