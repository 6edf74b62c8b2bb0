// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/adapter.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"
#include "rondo/text/regex/regex.h"

namespace rondo::model {
namespace {

constexpr std::string_view kWeight = ".weight";

// As PEFT reads a name of a list: the whole name, or its last parts.
bool ends_in(const std::string& module, const std::string& target) {
  return module == target || module.ends_with("." + target);
}

// Modules repeat from layer to layer; a person wants their kinds.
std::vector<std::string> kinds(const std::vector<Matrix>& matrices) {
  std::set<std::string> names;
  for (const Matrix& matrix : matrices) names.insert(matrix.module.substr(matrix.module.rfind('.') + 1));
  return {names.begin(), names.end()};
}

// The matrices that a config names, none of them perhaps.
std::vector<Matrix> named(const std::vector<Matrix>& matrices, const nn::LoraConfig& config) {
  std::vector<Matrix> found;
  // Between the anchors a match is the whole name, whichever alternative comes first.
  const text::Regex regex("\\A(?:" + config.pattern + ")\\z");
  for (const Matrix& matrix : matrices) {
    std::vector<text::TextSpan> spans;
    if (!config.pattern.empty()) regex.find_all(matrix.module, spans);
    const bool by_name = std::any_of(config.targets.begin(), config.targets.end(),
                                     [&](const std::string& target) { return ends_in(matrix.module, target); });
    if (by_name || !spans.empty()) found.push_back(matrix);
  }
  return found;
}

std::vector<Matrix> matrices_of(std::span<const nn::WeightRule> rules, const nn::Sizes& sizes, bool in_first) {
  std::vector<Matrix> matrices;
  for (const nn::ExpectedWeight& weight : nn::expand_rules(rules, sizes)) {
    if (weight.shape.size() != 2 || !weight.name.ends_with(kWeight)) continue;
    matrices.push_back({.module = weight.name.substr(0, weight.name.size() - kWeight.size()),
                        .in = in_first ? weight.shape[0] : weight.shape[1],
                        .out = in_first ? weight.shape[1] : weight.shape[0]});
  }
  return matrices;
}

}  // namespace

std::vector<Matrix> block_matrices(const backbones::FamilyEntry& family, const nn::Sizes& sizes) {
  std::vector<nn::WeightRule> rules;
  for (const nn::WeightRule& rule : family.weights) {
    if (rule.name.find("{}") != std::string_view::npos) rules.push_back(rule);
  }
  return matrices_of(rules, sizes, family.matrices_are_in_out);
}

std::vector<Matrix> classifier_matrices(const backbones::FamilyEntry& family, const nn::Sizes& sizes) {
  return matrices_of(family.classifier.weights, sizes, /*in_first=*/false);
}

std::vector<Matrix> targeted(const std::vector<Matrix>& matrices, const nn::LoraConfig& config) {
  if (config.pattern.empty() && config.targets.empty()) return matrices;
  std::vector<Matrix> found = named(matrices, config);
  if (found.empty() && !config.pattern.empty()) {
    throw ConfigError(fmt::format("no module matches the pattern '{}', which has to match whole names like {}",
                                  config.pattern, matrices.empty() ? "-" : matrices.back().module));
  }
  for (const std::string& name : config.targets) {
    const auto hits = [&](const Matrix& matrix) { return ends_in(matrix.module, name); };
    if (std::none_of(matrices.begin(), matrices.end(), hits))
      throw ConfigError(unknown_name_message("module for an adapter", name, kinds(matrices)));
  }
  return found;
}

nn::ParameterSet initial_adapters(const std::vector<Matrix>& targets, const nn::LoraConfig& config, uint64_t seed) {
  nn::ParameterSet adapters;
  for (const Matrix& matrix : targets) {
    adapters.add(matrix.module + std::string(nn::kLoraA),
                 nn::initial_lora_a(matrix.module, config.rank, matrix.in, seed));
    adapters.add(matrix.module + std::string(nn::kLoraB),
                 at::zeros({matrix.out, config.rank}, at::TensorOptions().dtype(at::kFloat)));
  }
  return adapters;
}

nn::ParameterSet take_adapters(TensorTaker& taker, const std::vector<Matrix>& matrices, const nn::LoraConfig& config) {
  nn::ParameterSet adapters;
  const std::vector<Matrix> wanted = named(matrices, config);
  const auto is_wanted = [&](const Matrix& matrix) {
    const auto same = [&](const Matrix& other) { return other.module == matrix.module; };
    return std::any_of(wanted.begin(), wanted.end(), same);
  };
  const auto take = [&](const nn::ExpectedWeight& expected) {
    const io::TensorView* view = taker.find(expected.name);
    if (view == nullptr) {
      throw ModelError(
          fmt::format("weights of an adapter are missing: {}: {}; was the file cut, or adapter_config.json "
                      "changed?",
                      taker.place(), expected.name));
    }
    adapters.add(expected.name, taker.take(expected, *view).to(at::kFloat));
  };
  for (const Matrix& matrix : matrices) {
    const std::string a = matrix.module + std::string(nn::kLoraA), b = matrix.module + std::string(nn::kLoraB);
    if (taker.find(a) == nullptr && taker.find(b) == nullptr && !is_wanted(matrix)) continue;
    take({.name = a, .shape = {config.rank, matrix.in}});
    take({.name = b, .shape = {matrix.out, config.rank}});
  }
  if (adapters.all().empty())
    throw ModelError("an adapter without matrices: " + taker.place() + ": none of its tensors belongs to this base");
  return adapters;
}

Model merged(const Model& model) {
  const nn::ParameterSet& from = model.parameters();
  nn::ParameterSet parameters;
  for (const nn::Parameter& p : from.all()) {
    if (nn::is_lora(p.name)) continue;
    const std::string module = p.name.substr(0, p.name.size() - std::min(p.name.size(), kWeight.size()));
    const std::string a = module + std::string(nn::kLoraA);
    if (!p.name.ends_with(kWeight) || !from.has(a)) {
      parameters.add(p.name, p.value);
      continue;
    }
    const Tensor product =
        nn::lora_product(from.get(a), from.get(module + std::string(nn::kLoraB)), from.lora()->config).detach();
    const Tensor delta = model.family().matrices_are_in_out ? product.t() : product;
    parameters.add(p.name, (p.value.detach() + delta).to(p.value.scalar_type()));
  }
  return {model.family(), model.config(), model.head_config(), std::move(parameters)};
}

}  // namespace rondo::model
