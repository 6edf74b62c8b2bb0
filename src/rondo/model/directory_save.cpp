// SPDX-License-Identifier: Apache-2.0
// Writing model directories; the header is model/directory.h.
#include <ATen/TensorOperators.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/io/atomic_file.h"
#include "rondo/model/adapter_config.h"
#include "rondo/model/directory.h"
#include "rondo/model/head_config.h"
#include "rondo/model/tensor_taker.h"
#include "rondo/model/tensors.h"
#include "rondo/text/files.h"

namespace rondo::model {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTokenizerFiles[] = {
    "tokenizer.json",      "tokenizer_config.json",  "special_tokens_map.json", "added_tokens.json",
    "chat_template.jinja", "generation_config.json", "tokenizer.model",         "vocab.json",
    "merges.txt"};

std::vector<std::vector<FileTensor>> shards_of(const std::vector<FileTensor>& tensors, int64_t max_bytes) {
  std::vector<std::vector<FileTensor>> shards(1);
  int64_t used = 0;
  for (const FileTensor& t : tensors) {
    if (max_bytes > 0 && used > 0 && used + t.bytes() > max_bytes) {
      shards.emplace_back();
      used = 0;
    }
    shards.back().push_back(t);
    used += t.bytes();
  }
  return shards;
}

void write_weights(const std::vector<FileTensor>& tensors, const fs::path& directory, int64_t max_shard_bytes) {
  const std::vector<std::vector<FileTensor>> shards = shards_of(tensors, max_shard_bytes);
  if (shards.size() == 1) return write_tensors(directory / "model.safetensors", tensors);
  nlohmann::json map = nlohmann::json::object();
  int64_t total = 0;
  for (size_t k = 0; k < shards.size(); ++k) {
    const std::string name = fmt::format("model-{:05}-of-{:05}.safetensors", k + 1, shards.size());
    write_tensors(directory / name, shards[k]);
    for (const FileTensor& t : shards[k]) {
      map[t.name] = name;
      total += t.bytes();
    }
  }
  const nlohmann::json index = {{"metadata", {{"total_size", total}}}, {"weight_map", map}};
  io::write_file(directory / "model.safetensors.index.json", index.dump(2) + "\n");
}

// The tokenizer's files name the pad token that config.json has the id of.
void write_pad_token(const fs::path& directory, const std::string& pad_token) {
  if (pad_token.empty()) return;
  const fs::path config = directory / "tokenizer_config.json", map = directory / "special_tokens_map.json";
  for (const fs::path& path : {config, map}) {
    // The map wins over the config where there is one.
    if (path == map && !fs::exists(map)) continue;
    nlohmann::ordered_json object = text::read_ordered_object(path.string());
    object["pad_token"] = pad_token;
    io::write_file(path, object.dump(2) + "\n");
  }
}

void begin_directory(const fs::path& directory, const fs::path& tokenizer_source, const std::string& pad_token) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw ResourceError("cannot write the model: " + directory.string() + ": " + error.message());
  for (const char* name : kTokenizerFiles) {
    const fs::path source = tokenizer_source / name;
    if (!fs::exists(source) || fs::equivalent(tokenizer_source, directory)) continue;
    const io::MappedFile file(source);
    io::write_file(directory / name, file.bytes());
  }
  write_pad_token(directory, pad_token);
}

void write_directory(const nlohmann::json& config, const std::vector<FileTensor>& tensors, const fs::path& directory,
                     const fs::path& tokenizer_source, const SaveOptions& options) {
  begin_directory(directory, tokenizer_source, options.pad_token);
  write_weights(tensors, directory, options.max_shard_bytes);
  io::write_file(directory / "config.json", config.dump(2) + "\n");
}

bool is_adapter(const Model& model) { return model.parameters().lora() != nullptr; }

// A weight of the backbone itself. An adapter's base holds these: they are not written again.
bool lies_in_base(const Model& model, const std::string& name) { return model.is_backbone(name) && !nn::is_lora(name); }

at::ScalarType stored_type(const Model& model, const nn::Parameter& p, const SaveOptions& options) {
  return options.dtype && lies_in_base(model, p.name) ? *options.dtype : p.value.scalar_type();
}

// The name in the file: that of transformers' class where that class computes this model.
std::string file_name(const Model& model, const std::string& name) {
  constexpr std::string_view kScore = "score";
  const heads::HeadEntry* head = heads::find_head(model.head_config().kind);
  if (head != nullptr && head->wraps_backbone && name.starts_with(model.family().prefix))
    return std::string(kWrapperPrefix) + name.substr(model.family().prefix.size());
  if (model.head_config().classifier && name.starts_with("score."))
    return std::string(model.family().classifier.output) + name.substr(kScore.size());
  return name;
}

// The parameters that a saved model holds itself.
std::vector<FileTensor> file_tensors(const Model& model, const SaveOptions& options) {
  std::vector<FileTensor> tensors;
  for (const nn::Parameter& p : model.parameters().all()) {
    if (is_adapter(model) && lies_in_base(model, p.name)) continue;
    tensors.push_back({.name = file_name(model, p.name), .value = p.value, .type = stored_type(model, p, options)});
  }
  return tensors;
}

const char* dtype_name(at::ScalarType type) {
  if (type == at::kBFloat16) return "bfloat16";
  return type == at::kHalf ? "float16" : "float32";
}

// config.json of a saved model: the head and, for a reward, what transformers and vLLM need to load it unchanged.
nlohmann::json saved_config(const Model& model, nlohmann::json rondo, at::ScalarType type) {
  nlohmann::json config = model.config();
  const heads::HeadConfig& head = model.head_config();
  rondo.erase("head");
  if (head.kind != kNoHead) rondo["head"] = write_head_config(head);
  config.erase("rondo");
  if (!rondo.empty()) config["rondo"] = std::move(rondo);
  config[config.contains("dtype") ? "dtype" : "torch_dtype"] = dtype_name(type);
  if (head.kind == kNoHead) {
    config["architectures"] = {class_name(model.family(), config, kLanguageModelClass)};
    for (const char* key : {"num_labels", "id2label", "label2id"}) config.erase(key);
  }
  // The class of another head than the model has now.
  const std::string_view announced = head_of_class(config);
  if (!announced.empty() && announced != head.kind) config["architectures"] = {model.family().architectures.front()};
  if (!head.is_scalar()) return config;
  // A head of ours on an encoder is not what transformers' classifier computes.
  if (model.family().classifier.build == nullptr || head.classifier)
    config["architectures"] = {class_name(model.family(), config, kClassifierClass)};
  config["num_labels"] = 1;
  config["id2label"] = {{"0", "LABEL_0"}};
  config["label2id"] = {{"LABEL_0", 0}};
  return config;
}

// The module that PEFT trains whole: a classifier with several layers is one.
std::string saved_module(const backbones::FamilyEntry& family, const std::string& name) {
  const std::string_view output = family.classifier.output;
  const std::string root(output.substr(0, output.find('.')));
  return name.starts_with(root + ".") ? root : name.substr(0, name.rfind('.'));
}

// PEFT's layout: A, B and the head are `tensors`.
void write_adapter(const Model& model, const nlohmann::json& config, std::vector<FileTensor> tensors,
                   const fs::path& directory) {
  AdapterManifest manifest{.lora = model.parameters().lora()->config,
                           .fan_in_fan_out = model.family().matrices_are_in_out};
  if (model.head_config().kind == kNoHead) manifest.task_type = "CAUSAL_LM";
  if (model.head_config().is_scalar()) manifest.task_type = "SEQ_CLS";
  // PEFT's "all-linear" means the layers of an encoder's classifier as well.
  const bool lists_modules =
      manifest.lora.targets.empty() && manifest.lora.pattern.empty() && model.family().classifier.build != nullptr;
  for (FileTensor& t : tensors) {
    // The last parts of a name are enough, and the same whatever stands in front.
    const std::string module_name = without_wrapper(t.name);
    if (lists_modules && t.name.ends_with(nn::kLoraA))
      manifest.lora.targets.push_back(module_name.substr(0, module_name.size() - nn::kLoraA.size()));
    const std::string module = saved_module(model.family(), t.name);
    const std::vector<std::string>& saved = manifest.modules_to_save;
    if (!nn::is_lora(t.name) && std::find(saved.begin(), saved.end(), module) == saved.end())
      manifest.modules_to_save.push_back(module);
    t.name = kAdapterPrefix + t.name;
  }
  write_tensors(directory / kAdapterWeights, tensors);
  io::write_file(directory / kAdapterConfig, write_adapter_config(manifest).dump(2) + "\n");
  io::write_file(directory / "config.json", config.dump(2) + "\n");
}

}  // namespace

void save_backbone(const nlohmann::json& config, const nn::ParameterSet& parameters, const fs::path& directory,
                   const fs::path& tokenizer_source) {
  std::vector<FileTensor> tensors;
  for (const nn::Parameter& p : parameters.all()) {
    tensors.push_back({.name = p.name, .value = p.value, .type = p.value.scalar_type()});
  }
  write_directory(config, tensors, directory, tokenizer_source, {});
}

void save(const Model& model, nlohmann::json rondo, const fs::path& directory, const fs::path& tokenizer_source,
          const SaveOptions& options) {
  const at::ScalarType type = stored_type(model, model.parameters().all().front(), options);
  rondo.erase(kBaseFingerprint);
  if (is_adapter(model)) rondo[kBaseFingerprint] = base_fingerprint(model);
  const nlohmann::json config = saved_config(model, std::move(rondo), type);
  std::vector<FileTensor> tensors = file_tensors(model, options);
  if (!is_adapter(model)) return write_directory(config, tensors, directory, tokenizer_source, options);
  begin_directory(directory, tokenizer_source, options.pad_token);
  write_adapter(model, config, std::move(tensors), directory);
}

std::string base_fingerprint(const Model& model) {
  constexpr int64_t kValues = 64;
  Sha256 hash;
  for (const nn::Parameter& p : model.parameters().all()) {
    // Whether the language-model head is loaded depends on the use.
    if (!lies_in_base(model, p.name) || p.name == model.family().lm_head) continue;
    hash.update(fmt::format("{} [{}]\n", p.name, fmt::join(p.value.sizes(), ", ")));
    const Tensor flat = p.value.detach().reshape({-1});
    const int64_t step = std::max<int64_t>(1, flat.numel() / kValues);
    hash.update(tensor_bytes(flat.slice(0, 0, flat.numel(), step).to(at::kCPU, at::kBFloat16).contiguous()));
  }
  return hash.hex();
}

std::string weights_hash(const Model& model) {
  Sha256 hash;
  for (const nn::Parameter& p : model.parameters().all()) {
    const Tensor value = p.value.detach().cpu().contiguous();
    hash.update(fmt::format("{} {} [{}]\n", p.name, io::dtype_name(file_type(value.scalar_type())),
                            fmt::join(value.sizes(), ", ")));
    hash.update(tensor_bytes(value));
  }
  return hash.hex();
}

}  // namespace rondo::model
