// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/directory.h"

#include <ATen/TensorOperators.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/json.h"
#include "rondo/model/head_config.h"
#include "rondo/model/initial.h"
#include "rondo/model/tensors.h"

namespace rondo::model {
namespace {

namespace fs = std::filesystem;
using Reader = std::shared_ptr<const io::SafetensorsReader>;

constexpr const char* kTokenizerFiles[] = {
    "tokenizer.json",      "tokenizer_config.json",  "special_tokens_map.json", "added_tokens.json",
    "chat_template.jinja", "generation_config.json", "tokenizer.model",         "vocab.json",
    "merges.txt"};

// Names under which other trainers store a scalar head (formats.md B1.2).
constexpr const char* kScalarHeadNames[] = {"score.weight", "value_head.weight", "v_head.weight", "reward_head.weight",
                                            "summary.weight"};

constexpr size_t kNamesInMessage = 5;

std::string first_names(const std::vector<std::string>& names) {
  const size_t shown = std::min(kNamesInMessage, names.size());
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  const size_t braces = pattern.find("{}");
  if (braces == std::string_view::npos) return pattern == name;
  const std::string_view head = pattern.substr(0, braces), tail = pattern.substr(braces + 2);
  if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail)) return false;
  const std::string_view number = name.substr(head.size(), name.size() - head.size() - tail.size());
  return number.find_first_not_of("0123456789") == std::string_view::npos;
}

// Takes the tensors of a file one by one and knows at the end which ones nobody took.
class TensorTaker {
 public:
  TensorTaker(Reader reader, std::string_view prefix, std::string place)
      : reader_(std::move(reader)), prefix_(prefix), place_(std::move(place)) {}

  // Under its name; without the family's prefix, as a bare backbone ("LlamaModel") has it; or with the old names of a
  // norm's weight and bias, as early BERT checkpoints have them.
  const io::TensorView* find(const std::string& name) {
    const io::TensorView* view = find_with_or_without_prefix(name);
    constexpr std::string_view kNorm = "LayerNorm.";
    const size_t norm = name.rfind(kNorm);
    if (view != nullptr || norm == std::string::npos) return view;
    const std::string stem = name.substr(0, norm + kNorm.size());
    return find_with_or_without_prefix(stem + (name.ends_with("weight") ? "gamma" : "beta"));
  }

  Tensor take(const nn::ExpectedWeight& expected, const io::TensorView& view) {
    if (view.shape != expected.shape) {
      throw ModelError(
          fmt::format("weights do not fit: {}: {}: shape [{}], expected [{}]; is config.json from another size?",
                      place_, view.name, fmt::join(view.shape, ", "), fmt::join(expected.shape, ", ")));
    }
    taken_.push_back(view.name);
    return view_tensor(view, reader_);
  }

  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const io::TensorView& view : reader_->tensors()) {
      if (std::find(taken_.begin(), taken_.end(), view.name) == taken_.end()) names.push_back(view.name);
    }
    return names;
  }
  const std::string& place() const { return place_; }

 private:
  const io::TensorView* find_with_or_without_prefix(const std::string& name) {
    const io::TensorView* view = reader_->find(name);
    if (view == nullptr && name.starts_with(prefix_)) view = reader_->find(name.substr(prefix_.size()));
    return view;
  }

  Reader reader_;
  std::string_view prefix_;
  std::string place_;
  std::vector<std::string> taken_;
};

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

void take_head(TensorTaker& taker, const heads::HeadConfig& head, int64_t hidden, const LoadOptions& options,
               nn::ParameterSet& parameters) {
  for (const nn::ExpectedWeight& weight : heads::head_weights(head, hidden)) {
    const io::TensorView* view = taker.find(weight.name);
    if (head.kind == "bt" && weight.name == "score.weight") {
      for (const char* name : kScalarHeadNames) view = view == nullptr ? taker.find(name) : view;
    }
    if (view == nullptr) {
      throw ModelError(
          fmt::format("the head is missing: {}: {} ({} head announced by config.json); was it lost at save time?",
                      taker.place(), weight.name, head.kind));
    }
    parameters.add(weight.name, ready(taker.take(weight, *view), at::kFloat, options));
  }
}

// What is left must be ignorable by the family; where another head or none is wanted, an old head is ignorable too.
std::vector<std::string> check_left(const TensorTaker& taker, const backbones::FamilyEntry& family,
                                    bool old_head_is_dropped) {
  std::vector<std::string> ignored, extra;
  for (const std::string& name : taker.left()) {
    bool known = name == family.lm_head;
    for (const std::string_view pattern : family.ignorable)
      known = known || matches(pattern, name) || matches(pattern, std::string(family.prefix) + name);
    if (old_head_is_dropped) {
      for (const char* head_name : kScalarHeadNames) known = known || name == head_name;
      known = known || name == "prompt_head.weight" || name == heads::kLogNu;
    }
    (known ? ignored : extra).push_back(name);
  }
  if (!extra.empty()) {
    throw ModelError(
        fmt::format("unknown tensors: {}: {}; the file holds more than config.json announces (a head of another "
                    "kind?), and nothing is dropped silently",
                    taker.place(), first_names(extra)));
  }
  return ignored;
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
  check_not_pickled(directory);
  LoadedModel loaded;
  nlohmann::json config = io::read_json_file(directory / "config.json", ErrorKind::kModel);
  const backbones::FamilyEntry& family = backbones::family_of_architecture(architecture_of(config, directory.string()));
  loaded.rondo = rondo_object(config, directory.string());
  heads::HeadConfig head;
  if (options.as_policy) {
    head.kind = kNoHead;
  } else {
    head = options.new_head ? *options.new_head : announced_head(config, directory.string());
  }

  backbones::ConfigReader reader(config, (directory / "config.json").string());
  const nn::Sizes sizes = family.sizes(reader);
  TensorTaker taker(std::make_shared<const io::SafetensorsReader>(directory), family.prefix, directory.string());
  nn::ParameterSet parameters;
  std::vector<nn::ExpectedWeight> expected = nn::expand_rules(family.weights, sizes);
  const bool with_lm_head = options.with_lm_head || options.as_policy;
  if (with_lm_head && family.lm_head.empty())
    throw ModelError(
        fmt::format("no language-model head: {}: family {} has none; leave its loss out, or take a decoder",
                    directory.string(), family.name));
  const bool tied = reader.boolean_or("tie_word_embeddings", family.tied);
  if (with_lm_head && !tied) expected.push_back({std::string(family.lm_head), {sizes.vocab, sizes.hidden}});
  take_backbone(taker, expected, options, parameters);
  if (options.new_head) {
    const nn::ParameterSet initial = initial_head(head, sizes.hidden, options.seed);
    for (const nn::Parameter& p : initial.all()) parameters.add(p.name, ready(p.value, at::kFloat, options));
  } else if (!options.as_policy) {
    take_head(taker, head, sizes.hidden, options, parameters);
  }
  loaded.ignored_tensors = check_left(taker, family, options.new_head || options.as_policy);
  family.max_length(reader);
  family.build(reader, parameters);  // reads the remaining keys
  reader.refuse_unread_maths();
  loaded.ignored_keys = reader.unused();
  loaded.model = std::make_unique<Model>(family, std::move(config), head, std::move(parameters));
  return loaded;
}

namespace {

// A policy is a plain language model, whatever the directory was that it came from.
void describe_policy(const backbones::FamilyEntry& family, nlohmann::json& config) {
  for (const char* key : {"num_labels", "id2label", "label2id"}) config.erase(key);
  config["rondo"].erase("head");
  if (config["rondo"].empty()) config.erase("rondo");
  for (const std::string_view name : family.architectures) {
    if (name.ends_with("ForCausalLM") || name.ends_with("LMHeadModel"))
      config["architectures"] = nlohmann::json::array({std::string(name)});
  }
}

// config.json of a saved model: the head and, for BT, what transformers and vLLM need to load it unchanged.
nlohmann::json saved_config(const Model& model, nlohmann::json rondo) {
  nlohmann::json config = model.config();
  const bool is_policy = model.head_config().kind == kNoHead;
  if (!is_policy) rondo["head"] = write_head_config(model.head_config());
  config["rondo"] = std::move(rondo);
  if (is_policy) describe_policy(model.family(), config);
  const char* dtype = model.parameters().all().front().value.scalar_type() == at::kBFloat16 ? "bfloat16" : "float32";
  config[config.contains("dtype") ? "dtype" : "torch_dtype"] = dtype;
  if (model.head_config().kind == "bt") {
    for (const std::string_view name : model.family().architectures) {
      if (name.ends_with("ForSequenceClassification"))
        config["architectures"] = nlohmann::json::array({std::string(name)});
    }
    config["num_labels"] = 1;
    config["id2label"] = {{"0", "LABEL_0"}};
    config["label2id"] = {{"LABEL_0", 0}};
  }
  return config;
}

void write_weights(const nn::ParameterSet& parameters, const fs::path& path) {
  std::vector<io::TensorSpec> specs;
  for (const nn::Parameter& p : parameters.all()) {
    specs.push_back({p.name, file_type(p.value.scalar_type()), p.value.sizes().vec()});
  }
  io::SafetensorsWriter writer(path, specs, {{"format", "pt"}});
  for (const nn::Parameter& p : parameters.all()) {
    writer.write(p.name, tensor_bytes(p.value.detach().cpu().contiguous()));
  }
  writer.commit();
  // Re-opened and compared before anybody relies on it.
  const io::SafetensorsReader check(path);
  for (const nn::Parameter& p : parameters.all()) {
    const io::TensorView* view = check.find(p.name);
    if (view == nullptr || view->bytes != tensor_bytes(p.value.detach().cpu().contiguous())) {
      throw ResourceError("a saved model does not read back: " + path.string() + ": " + p.name +
                          " differs; check the disk");
    }
  }
}

}  // namespace

void save_backbone(const nlohmann::json& config, const nn::ParameterSet& parameters, const fs::path& directory,
                   const fs::path& tokenizer_source) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw ResourceError("cannot write the model: " + directory.string() + ": " + error.message());
  for (const char* name : kTokenizerFiles) {
    const fs::path source = tokenizer_source / name;
    if (!fs::exists(source) || fs::equivalent(tokenizer_source, directory)) continue;
    const io::MappedFile file(source);
    io::write_file(directory / name, file.bytes());
  }
  write_weights(parameters, directory / "model.safetensors");
  io::write_file(directory / "config.json", config.dump(2) + "\n");
}

void save(const Model& model, nlohmann::json rondo, const fs::path& directory, const fs::path& tokenizer_source) {
  save_backbone(saved_config(model, std::move(rondo)), model.parameters(), directory, tokenizer_source);
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
