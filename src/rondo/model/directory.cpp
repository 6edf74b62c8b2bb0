// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/directory.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "rondo/base/error.h"
#include "rondo/model/adapter.h"
#include "rondo/model/adapter_config.h"
#include "rondo/model/head_config.h"
#include "rondo/model/initial.h"
#include "rondo/model/tensor_taker.h"
#include "rondo/model/unreadable.h"

namespace rondo::model {
namespace {

namespace fs = std::filesystem;

// The places tensors come from: a directory, or the base of an adapter and the adapter.
struct Sources {
  TensorTaker backbone;
  std::optional<TensorTaker> adapter;
  bool head_in_adapter = false;

  /// Who holds a tensor of the head: the adapter where it does, or where its own config.json announces the head.
  TensorTaker& of(const std::string& name) {
    if (head_in_adapter) return *adapter;
    return adapter && adapter->find(name) != nullptr ? *adapter : backbone;
  }
};

Sources open_sources(const ModelFiles& files, const backbones::FamilyEntry& family) {
  const auto open = [&](const fs::path& path, const fs::path& place, const std::string& outer) {
    return TensorTaker(std::make_shared<const io::SafetensorsReader>(path), family.prefix, place.string(), outer);
  };
  Sources sources{.backbone = open(files.weights, files.weights, ""), .adapter = std::nullopt};
  if (files.is_adapter) sources.adapter = open(files.directory / kAdapterWeights, files.directory, kAdapterPrefix);
  return sources;
}

Tensor ready(const Tensor& stored, std::optional<at::ScalarType> dtype, const LoadOptions& options) {
  const Tensor value = stored.to(options.device, dtype.value_or(stored.scalar_type()));
  if (!options.trainable) return value;
  return (value.is_same(stored) ? value.clone() : value).requires_grad_(true);
}

void take_backbone(TensorTaker& taker, const std::vector<nn::ExpectedWeight>& expected, const LoadOptions& options,
                   nn::ParameterSet& parameters) {
  std::vector<std::string> missing;
  for (const nn::ExpectedWeight& weight : expected) {
    const io::TensorView* view = taker.find(weight.name);
    if (view == nullptr) {
      missing.push_back(weight.name);
      continue;
    }
    parameters.add(weight.name, ready(taker.take(weight, *view), options.dtype, options));
  }
  if (!missing.empty()) {
    throw ModelError(fmt::format("weights are missing: {}: {}; is a shard missing, or config.json from another model?",
                                 taker.place(), first_names(missing)));
  }
}

// The head that is wanted, as far as config.json, the caller and the files say it.
heads::HeadConfig choose_head(const nlohmann::json& config, const backbones::FamilyEntry& family,
                              const LoadOptions& options, const StoredHead& stored, const std::string& place) {
  if (options.as_policy) return {.kind = kNoHead};
  if (options.new_head) return *options.new_head;
  if (!options.import && !announces_head(config, place) && !stored.name.empty()) {
    throw ModelError(
        fmt::format("a head that config.json does not announce: {}: {}.weight with {} rows; say once what it is: `{}`",
                    place, stored.name, stored.outputs, import_command(stored, place)));
  }
  heads::HeadConfig head = options.import ? options.import->head : announced_head(config, place);
  const bool from_class = options.import || !rondo_object(config, place).contains("head");
  if (from_class && head.is_scalar()) {
    head.classifier = family.classifier.build != nullptr && is_classifier(config);
    head.bias = stored.has_bias || (head.classifier && family.classifier.output_has_bias) ||
                (options.import && options.import->mean != 0);
  }
  return head;
}

// Where the head's weights lie in the file: a reward's under the name that was found, the others under their own.
std::string stored_name(const heads::HeadConfig& head, const StoredHead& stored, const std::string& name) {
  if (head.is_scalar() && name.starts_with("score.") && !stored.name.empty())
    return stored.name + name.substr(std::string_view("score").size());
  return name;
}

Tensor take_imported(TensorTaker& taker, nn::ExpectedWeight weight, const io::TensorView* view,
                     const HeadImport& import) {
  // A mean to subtract, and no bias in the file to subtract it from.
  if (view == nullptr)
    return imported_weight(weight.name, at::zeros({1}, at::TensorOptions().dtype(at::kFloat)), import);
  if (weight.name.starts_with("score.") && !import.outputs.empty())
    weight.shape.front() = static_cast<int64_t>(import.outputs.size());
  return imported_weight(weight.name, taker.take(weight, *view), import);
}

void take_head(Sources& sources, const heads::HeadConfig& head, const StoredHead& stored, int64_t hidden,
               const LoadOptions& options, nn::ParameterSet& parameters) {
  for (const nn::ExpectedWeight& weight : heads::head_weights(head, hidden)) {
    const std::string name = stored_name(head, stored, weight.name);
    TensorTaker& taker = sources.of(name);
    const io::TensorView* view = taker.find(name);
    const bool may_lack = options.import && weight.name == "score.bias" && !head.classifier;
    if (view == nullptr && !may_lack) {
      throw ModelError(fmt::format("the head is missing: {}: {} ({} head announced by {}); was it lost at save time?",
                                   taker.place(), weight.name, head.kind, options.import ? "`head`" : "config.json"));
    }
    const Tensor value =
        options.import ? take_imported(taker, weight, view, *options.import) : taker.take(weight, *view);
    parameters.add(weight.name, ready(value, at::kFloat, options));
  }
}

// Layers of the family's own classifier, float32 as all of a head.
void take_classifier(Sources& sources, const backbones::FamilyEntry& family, const nn::Sizes& sizes,
                     const LoadOptions& options, nn::ParameterSet& parameters) {
  for (const nn::ExpectedWeight& weight : nn::expand_rules(family.classifier.weights, sizes)) {
    TensorTaker& taker = sources.of(weight.name);
    const io::TensorView* view = taker.find(weight.name);
    if (view == nullptr) {
      throw ModelError(
          fmt::format("a layer of the classifier is missing: {}: {}; was the model saved from another class than "
                      "config.json says?",
                      taker.place(), weight.name));
    }
    parameters.add(weight.name, ready(taker.take(weight, *view), at::kFloat, options));
  }
}

// A head, under any name that a trainer may have given it.
bool is_head_tensor(const backbones::FamilyEntry& family, const std::string& name) {
  if (name == heads::kLogNu) return true;
  for (const heads::HeadEntry* head : heads::all_heads()) {
    // With a gate and a bias: the names that any head of this kind may have.
    for (const nn::ExpectedWeight& weight :
         head->weights({.kind = std::string(head->name), .gate = "softmax", .bias = true}, 1))
      if (weight.name == name) return true;
  }
  const auto of_map = [&](std::string_view map) {
    return name == std::string(map) + ".weight" || name == std::string(map) + ".bias";
  };
  return of_map(family.classifier.output) || std::any_of(std::begin(kRewardNames), std::end(kRewardNames), of_map) ||
         std::any_of(family.classifier.weights.begin(), family.classifier.weights.end(),
                     [&](const nn::WeightRule& rule) { return rule.name == name; });
}

// What is left must be ignorable by the family; where another head or none is wanted, an old head is ignorable too.
std::vector<std::string> check_left(const TensorTaker& taker, const backbones::FamilyEntry& family,
                                    bool old_head_is_dropped) {
  std::vector<std::string> ignored, extra;
  for (const std::string& left : taker.left()) {
    const std::string name = without_wrapper(left);
    bool known = name == family.lm_head || (old_head_is_dropped && is_head_tensor(family, name));
    for (const std::string_view pattern : family.ignorable)
      known = known || matches(pattern, name) || matches(pattern, std::string(family.prefix) + name);
    (known ? ignored : extra).push_back(left);
  }
  if (!extra.empty()) {
    throw ModelError(
        fmt::format("unknown tensors: {}: {}; the file holds more than config.json announces (a head of another "
                    "kind?), and nothing is dropped silently",
                    taker.place(), first_names(extra)));
  }
  return ignored;
}

// An adapter holds nothing that is ignorable, but for a head where another one or none is wanted.
void check_adapter_left(const TensorTaker& taker, const backbones::FamilyEntry& family, bool old_head_is_dropped) {
  std::vector<std::string> extra;
  for (const std::string& name : taker.left()) {
    const std::string_view outer = kAdapterPrefix;
    const std::string inner = name.starts_with(outer) ? name.substr(outer.size()) : name;
    if (!old_head_is_dropped || !is_head_tensor(family, inner)) extra.push_back(name);
  }
  if (!extra.empty()) {
    throw ModelError(
        fmt::format("unknown tensors of an adapter: {}: {}; low-rank matrices of the blocks and a head are "
                    "read; merge it with PEFT first",
                    taker.place(), first_names(extra)));
  }
}

// Of a directory that is an adapter, or of a run that adds some.
void add_adapters(Sources& sources, const nn::LoraConfig& config, const backbones::FamilyEntry& family,
                  const nn::Sizes& sizes, const LoadOptions& options, nn::ParameterSet& parameters) {
  const auto state = std::make_shared<nn::LoraState>(nn::LoraState{.config = config});
  std::vector<Matrix> matrices = block_matrices(family, sizes);
  nn::ParameterSet adapters;
  if (sources.adapter) {
    for (const Matrix& matrix : classifier_matrices(family, sizes)) {
      if (parameters.has(matrix.module + ".weight")) matrices.push_back(matrix);
    }
    adapters = take_adapters(*sources.adapter, matrices, config);
  } else {
    adapters = initial_adapters(targeted(matrices, config), config, options.seed);
  }
  for (const nn::Parameter& p : adapters.all()) parameters.add(p.name, ready(p.value, at::kFloat, options));
  parameters.set_lora(state);
}

std::vector<nn::ExpectedWeight> backbone_weights(const backbones::FamilyEntry& family, const nn::Sizes& sizes,
                                                 backbones::ConfigReader& reader, const LoadOptions& options,
                                                 const std::string& place) {
  std::vector<nn::ExpectedWeight> expected = nn::expand_rules(family.weights, sizes);
  const bool with_lm_head = options.with_lm_head || options.as_policy;
  if (with_lm_head && family.lm_head.empty())
    throw ModelError(fmt::format(
        "no language-model head: {}: family {} has none; leave its loss out, or take a decoder", place, family.name));
  const bool tied = reader.boolean_or("tie_word_embeddings", family.tied);
  if (with_lm_head && !tied) expected.push_back({std::string(family.lm_head), {sizes.vocab, sizes.hidden}});
  return expected;
}

void check_not_pickled(const fs::path& directory) {
  if (!fs::is_directory(directory)) {
    throw ModelError("not a model directory: " + directory.string() +
                     ": no such folder; give the folder that holds config.json");
  }
  const bool weights =
      fs::exists(directory / "model.safetensors") || fs::exists(directory / "model.safetensors.index.json");
  if (!weights && fs::exists(directory / "pytorch_model.bin")) {
    throw ModelError("pickled weights are not read: " + directory.string() +
                     ": pytorch_model.bin can run code; convert it with safetensors' save_file first");
  }
}

}  // namespace

LoadedModel load(const fs::path& directory, const LoadOptions& options) {
  const ModelFiles files = find_files(directory, options.base);
  check_not_pickled(files.weights);
  const std::string place = directory.string();
  if (files.is_adapter && options.new_adapter) {
    throw ConfigError("an adapter on an adapter: " + place +
                      " is one already: train it further without `lora_rank`, or `rondo export --merge` it first");
  }
  LoadedModel loaded;
  nlohmann::json config = read_model_config(files);
  const bool takes_stored_head = (!options.new_head && !options.as_policy) || find_family_of(config) == nullptr;
  refuse_unreadable(files, config, takes_stored_head);
  const backbones::FamilyEntry& family = family_of(config, place);
  loaded.rondo = rondo_object(config, place);
  backbones::ConfigReader reader(config, (directory / "config.json").string());
  const nn::Sizes sizes = family.sizes(reader);
  Sources sources = open_sources(files, family);
  const StoredHead own =
      sources.adapter ? find_stored_head(sources.adapter->reader(), family, kAdapterPrefix) : StoredHead();
  const StoredHead stored = own.name.empty() ? find_stored_head(sources.backbone.reader(), family) : own;
  const heads::HeadConfig head = choose_head(config, family, options, stored, place);
  sources.head_in_adapter =
      files.is_adapter && fs::exists(files.directory / "config.json") && loaded.rondo.contains("head");

  for (const int64_t answer : head.answers) {
    if (answer >= sizes.vocab)
      throw ModelError(fmt::format("config.json: rondo: head: answers: {}: token {}, the vocabulary has {}", place,
                                   answer, sizes.vocab));
  }
  nn::ParameterSet parameters;
  LoadOptions of_backbone = options;
  of_backbone.trainable = options.trainable && !files.is_adapter && !options.new_adapter;
  if (!options.as_policy) of_backbone.with_lm_head |= heads::head_by_name(head.kind).reads_logits;
  take_backbone(sources.backbone, backbone_weights(family, sizes, reader, of_backbone, place), of_backbone, parameters);
  if (options.new_head) {
    const nn::ParameterSet initial = initial_head(head, sizes.hidden, options.seed);
    for (const nn::Parameter& p : initial.all()) parameters.add(p.name, ready(p.value, at::kFloat, options));
  } else if (!options.as_policy) {
    if (head.classifier) take_classifier(sources, family, sizes, options, parameters);
    take_head(sources, head, stored, sizes.hidden, options, parameters);
  }
  if (files.is_adapter || options.new_adapter)
    add_adapters(sources, files.is_adapter ? files.lora : *options.new_adapter, family, sizes, options, parameters);
  const bool other_head = options.new_head || options.as_policy;
  loaded.ignored_tensors =
      check_left(sources.backbone, family, other_head || sources.head_in_adapter || !own.name.empty());
  if (sources.adapter) check_adapter_left(*sources.adapter, family, other_head);
  family.max_length(reader);
  family.build(family, reader, parameters);  // reads the remaining keys
  if (head.classifier) family.classifier.build(reader, parameters);
  reader.refuse_unread_maths();
  loaded.ignored_keys = reader.unused();
  loaded.foreign_keys.assign(reader.ignored().begin(), reader.ignored().end());
  loaded.model = std::make_unique<Model>(family, std::move(config), head, std::move(parameters));
  return loaded;
}

}  // namespace rondo::model
