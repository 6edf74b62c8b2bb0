// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/export.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include "rondo/base/error.h"
#include "rondo/model/head_config.h"

namespace rondo::model {
namespace {

// Small enough for tanh to be its argument in float32, a power of two so that scaling rounds nothing.
constexpr double kTanhScale = 1.0 / (1 << 14);

nn::ParameterSet without(const nn::ParameterSet& parameters, const std::string& prefix) {
  nn::ParameterSet kept;
  for (const nn::Parameter& p : parameters.all()) {
    if (!p.name.starts_with(prefix)) kept.add(p.name, p.value);
  }
  kept.set_lora(parameters.lora());
  return kept;
}

// Rows of the layer, and the output's weights on them.
struct Rows {
  Tensor layer_KD;
  std::vector<double> output;
};

Rows rows_for(nn::Activation activation, const Tensor& w_1D) {
  if (activation == nn::Activation::kTanh) return {.layer_KD = w_1D * kTanhScale, .output = {1 / kTanhScale}};
  return {.layer_KD = at::cat({w_1D, -w_1D}), .output = {1, -1}};
}

}  // namespace

Model as_classifier(const Model& model) {
  const heads::HeadConfig& head = model.head_config();
  const backbones::FamilyEntry& family = model.family();
  if (!head.is_scalar()) {
    throw ModelError(fmt::format(
        "transformers has no class for a {} head: its scores are no rewards; use `format` published", head.kind));
  }
  const backbones::ClassifierEntry& classifier = family.classifier;
  if (head.classifier || classifier.build == nullptr) return {family, model.config(), head, model.parameters()};

  nn::ParameterSet parameters = without(model.parameters(), "score.");
  backbones::ConfigReader reader(model.config(), "config.json");
  for (const nn::ExpectedWeight& weight : nn::expand_rules(classifier.weights, family.sizes(reader))) {
    parameters.add(weight.name, at::zeros(weight.shape, at::TensorOptions().dtype(at::kFloat)));
  }
  const nn::Transition transition = classifier.build(reader, parameters);
  if (transition.norm.weight_D.defined()) {
    throw ModelError(
        fmt::format("transformers' classifier of the family {} has a norm between state and output, which forgets the "
                    "size of a reward; use `format` published",
                    family.name));
  }
  const Tensor w_1D = model.parameters().get("score.weight").detach().to(at::kCPU, at::kFloat);
  const Rows rows = rows_for(transition.activation, w_1D);
  const auto count = static_cast<int64_t>(rows.output.size());
  if (count > w_1D.size(1)) throw ModelError("the hidden size is 1: transformers' classifier cannot hold the head");
  transition.dense.weight.narrow(0, 0, count).copy_(rows.layer_KD);
  const Tensor out_1D = at::zeros_like(w_1D);
  for (int64_t k = 0; k < count; ++k) out_1D[0][k].fill_(rows.output[static_cast<size_t>(k)]);
  parameters.add("score.weight", out_1D);
  parameters.add("score.bias", head.bias ? model.parameters().get("score.bias").detach()
                                         : at::zeros({1}, at::TensorOptions().dtype(at::kFloat)));
  heads::HeadConfig with_layers = head;
  with_layers.classifier = true;
  with_layers.bias = true;
  return {family, model.config(), with_layers, std::move(parameters)};
}

}  // namespace rondo::model
