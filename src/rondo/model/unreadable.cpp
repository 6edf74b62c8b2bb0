// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/unreadable.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/io/json.h"
#include "rondo/io/safetensors.h"
#include "rondo/model/head_config.h"
#include "rondo/model/stored_head.h"
#include "rondo/model/tensor_taker.h"

namespace rondo::model {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int64_t kFewBits = 4, kMoreBits = 8;

// "bitsandbytes, 4 bit": the method and its width, where the object says them.
std::string quantisation_of(const json& object) {
  const auto found = object.find("quant_method");
  const bool loads_4 = object.value("load_in_4bit", false), loads_8 = object.value("load_in_8bit", false);
  std::string name = found != object.end() && found->is_string() ? found->get<std::string>() : "";
  if (name.empty()) name = loads_4 || loads_8 ? "bitsandbytes" : "a method without a name";
  int64_t bits = loads_4 ? kFewBits : loads_8 ? kMoreBits : 0;
  for (const char* const key : {"bits", "w_bit"}) {
    if (object.contains(key) && object[key].is_number_integer()) bits = object[key];
  }
  return bits == 0 ? name : fmt::format("{}, {} bit", name, bits);
}

void refuse_quantised(const json& config, const std::string& place) {
  // compressed-tensors was once announced under a name of its own.
  for (const char* const key : {"quantization_config", "compression_config"}) {
    const auto found = config.find(key);
    if (found == config.end() || !found->is_object() || found->empty()) continue;
    throw ModelError(
        fmt::format("quantised weights are not read: {}: {} of config.json says {}; save the model dequantised "
                    "(transformers: from_pretrained(...).dequantize(), then save_pretrained), or take the original one",
                    place, key, quantisation_of(*found)));
  }
}

// The name under which trainers store a reward's map, with which `name` begins; "" where there is none.
std::string head_module(std::string_view name) {
  std::string longest;
  for (const std::string_view known : kRewardNames) {
    const bool fits = name.starts_with(known) && name.substr(known.size()).starts_with(".");
    if (fits && known.size() > longest.size()) longest = known;
  }
  return longest;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

// score.0.weight, score.2.weight: the matrices of a head that is a sequence of layers.
std::vector<std::string> layered_head(const io::SafetensorsReader& reader, std::string_view outer) {
  std::vector<std::string> layers;
  for (const io::TensorView& view : reader.tensors()) {
    if (!view.name.starts_with(outer) || !view.name.ends_with(".weight")) continue;
    const std::string name = without_wrapper(view.name.substr(outer.size()));
    const size_t module = head_module(name).size();
    const size_t end = name.size() - std::string_view(".weight").size();
    if (module > 0 && module + 1 < end && is_number(std::string_view(name).substr(module + 1, end - module - 1)))
      layers.push_back(fmt::format("{} [{}]", name, fmt::join(view.shape, ", ")));
  }
  return layers;
}

void refuse_layered_head(const io::SafetensorsReader& reader, std::string_view outer, const std::string& place) {
  const std::vector<std::string> layers = layered_head(reader, outer);
  if (layers.empty()) return;
  throw ModelError(fmt::format(
      "a head of several layers is not read: {}: {}, and the files do not say what lies between them; train "
      "a head of one matrix on this backbone: `rondo train --head bt`",
      place, fmt::join(layers, ", ")));
}

// Tensors of an adapter that are of a head and not the map itself: LoRA on it, or PEFT's names while it trains.
std::vector<std::string> inner_head_tensors(const io::SafetensorsReader& reader) {
  std::vector<std::string> names;
  for (const io::TensorView& view : reader.tensors()) {
    const std::string_view name = view.name;
    if (!name.starts_with(kAdapterPrefix)) continue;
    if (!head_module(name.substr(std::string_view(kAdapterPrefix).size())).empty()) names.push_back(view.name);
  }
  return names;
}

void refuse_lost_head(const ModelFiles& files, const json& config) {
  const json adapter = io::read_json_file(files.directory / kAdapterConfig, ErrorKind::kModel);
  const backbones::FamilyEntry* family = find_family_of(config);
  const io::SafetensorsReader reader(files.directory / kAdapterWeights);
  if (family == nullptr || !find_stored_head(reader, *family, kAdapterPrefix).name.empty()) return;
  const std::vector<std::string> inner = inner_head_tensors(reader);
  const std::string place = files.directory.string();
  const auto holds = [&](std::string_view part) {
    return std::ranges::any_of(inner, [&](const std::string& name) { return name.find(part) != std::string::npos; });
  };
  const std::string output(family->classifier.output);
  if (holds(".lora_")) {
    throw ModelError(
        fmt::format("an adapter on a head is not read: {}: {}: low-rank matrices of a head are not applied; list "
                    "the head in modules_to_save instead of target_modules, or merge the adapter with PEFT",
                    place, first_names(inner)));
  }
  if (!inner.empty()) {
    throw ModelError(
        fmt::format("the head of an adapter has the names of a model in training: {}: {}; save the adapter with PEFT's "
                    "save_pretrained, which writes {}{}.weight",
                    place, first_names(inner), kAdapterPrefix, output));
  }
  // The base's own head stands in where it has one, as in PEFT.
  const bool has_other = announces_head(config, place);
  if (adapter.value("task_type", json()) != "SEQ_CLS" || has_other) return;
  throw ModelError(
      fmt::format("a sequence classifier's adapter without its head: {}: {} says task_type SEQ_CLS, and {} has no "
                  "{}.weight, lost when it was saved; save it again with modules_to_save [\"{}\"], or train a head: "
                  "`rondo train --head bt`",
                  place, kAdapterConfig, kAdapterWeights, output, output.substr(0, output.find('.'))));
}

}  // namespace

void refuse_unreadable(const ModelFiles& files, const json& config, bool takes_stored_head) {
  refuse_quantised(config, files.weights.string());
  if (!takes_stored_head) return;
  if (!files.is_adapter) return refuse_layered_head(io::SafetensorsReader(files.weights), "", files.directory.string());
  refuse_layered_head(io::SafetensorsReader(files.directory / kAdapterWeights), kAdapterPrefix,
                      files.directory.string());
  if (!fs::exists(files.directory / "config.json")) refuse_lost_head(files, config);
}

}  // namespace rondo::model
