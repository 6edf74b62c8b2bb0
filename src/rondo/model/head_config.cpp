// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/head_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rondo/backbones/shared/family.h"
#include "rondo/base/error.h"
#include "rondo/base/nearest.h"

namespace rondo::model {
namespace {

constexpr int64_t kMostPlanes = 1 << 16;
constexpr double kMostTau = 1e6;

void check_name(const char* what, const std::string& name, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  throw ModelError("config.json: rondo: head: " + unknown_name_message(what, name, known));
}

// Classes that trainers wrap around a model of transformers and that may have any head: values of states in OpenRLHF,
// General Preference Model. Those of one head stand in its entry.
constexpr std::string_view kOtherTrainerClasses[] = {"CriticModel", "CustomRewardModel"};

const heads::HeadEntry* head_of_trainer_class(std::string_view name) {
  for (const heads::HeadEntry* head : heads::all_heads()) {
    for (const std::string_view known : head->trainer_classes) {
      if (!name.empty() && known == name) return head;
    }
  }
  return nullptr;
}

bool is_trainer_class(std::string_view name) {
  const auto known = std::find(std::begin(kOtherTrainerClasses), std::end(kOtherTrainerClasses), name);
  return known != std::end(kOtherTrainerClasses) || head_of_trainer_class(name) != nullptr;
}

std::vector<int64_t> read_answers(const nlohmann::json& object) {
  const auto found = object.find("answers");
  std::vector<int64_t> answers;
  for (const nlohmann::json& id : found == object.end() ? nlohmann::json::array() : *found) {
    if (id.is_number_integer() && id.get<int64_t>() >= 0) answers.push_back(id);
  }
  if (answers.size() != 2 || found->size() != 2 || answers[0] == answers[1])
    throw ModelError("config.json: rondo: head: answers: expected two different token ids");
  return answers;
}

// The first class name, "" where there is none.
std::string class_of(const nlohmann::json& config) {
  const auto found = config.find("architectures");
  if (found == config.end() || !found->is_array() || found->empty() || !found->front().is_string()) return "";
  return found->front().get<std::string>();
}

}  // namespace

std::string_view head_of_class(const nlohmann::json& config) {
  const heads::HeadEntry* head = head_of_trainer_class(class_of(config));
  return head == nullptr ? "" : head->name;
}

heads::HeadConfig read_head_config(const nlohmann::json& object) {
  backbones::ConfigReader reader(object, "config.json: rondo: head");
  heads::HeadConfig head;
  head.kind = reader.text("kind");
  check_name("head", head.kind, heads::head_names());
  const heads::HeadEntry& entry = heads::head_by_name(head.kind);
  if (entry.embeds) {
    head.planes = reader.integer("planes", 1, kMostPlanes);
    head.gate = reader.text("gate");
    head.norm = reader.text("norm");
    check_name("gate", head.gate, heads::kGateNames);
    check_name("norm", head.norm, heads::kNormNames);
  } else {
    head.norm = "none";
    if (entry.reads_logits) head.answers = read_answers(object);
    head.outputs = reader.integer_or("outputs", 1, 1, kMostPlanes);
    head.bias = reader.boolean_or("bias", false);
    head.classifier = reader.boolean_or("classifier", false);
  }
  head.tau = reader.number("tau", 1e-6, kMostTau);
  head.reward_clip = reader.number_or("reward_clip", head.reward_clip, 0, kMostTau);
  head.ties = reader.boolean_or("ties", false);
  std::vector<std::string> unknown = reader.unused();
  if (entry.reads_logits) std::erase(unknown, "answers");
  if (!unknown.empty()) {
    throw ModelError("config.json: rondo: head: unknown key '" + unknown.front() +
                     "'; was it written by a newer version?");
  }
  return head;
}

std::string architecture_of(const nlohmann::json& config, const std::string& place) {
  if (std::string name = class_of(config); !name.empty()) return name;
  // Some published base models name their type only.
  const auto type = config.find("model_type");
  for (const backbones::FamilyEntry* family : backbones::all_families()) {
    if (type != config.end() && *type == family->model_type) return std::string(family->architectures.front());
  }
  throw ModelError("config.json has no 'architectures': " + place + "; add the class name of the model");
}

nlohmann::json rondo_object(const nlohmann::json& config, const std::string& place) {
  const auto found = config.find("rondo");
  if (found == config.end()) return nlohmann::json::object();
  if (!found->is_object()) throw ModelError("config.json: rondo: " + place + ": it is not an object");
  return *found;
}

bool is_classifier(const nlohmann::json& config) { return class_of(config).ends_with(kClassifierClass); }

const backbones::FamilyEntry* find_family_of(const nlohmann::json& config) {
  if (const backbones::FamilyEntry* family = backbones::find_family(class_of(config))) return family;
  const std::string name = class_of(config);
  const bool by_type = name.empty() || is_trainer_class(name);
  const auto type = config.find("model_type");
  for (const backbones::FamilyEntry* family : backbones::all_families()) {
    if (by_type && type != config.end() && *type == family->model_type) return family;
  }
  return nullptr;
}

const backbones::FamilyEntry& family_of(const nlohmann::json& config, const std::string& place) {
  if (const backbones::FamilyEntry* family = find_family_of(config)) return *family;
  return backbones::family_of_architecture(architecture_of(config, place));
}

std::string class_name(const backbones::FamilyEntry& family, const nlohmann::json& config, std::string_view ending) {
  const std::string current = class_of(config);
  std::string best;
  size_t longest = 0;
  for (const std::string_view name : family.architectures) {
    const bool fits = name.ends_with(ending) || (ending == kLanguageModelClass && name.ends_with("LMHeadModel"));
    const auto shared = static_cast<size_t>(
        std::mismatch(name.begin(), name.end(), current.begin(), current.end()).first - name.begin());
    if (!fits || (!best.empty() && shared <= longest)) continue;
    best = name;
    longest = shared;
  }
  if (best.empty()) {
    throw ModelError(
        fmt::format("transformers has no class {} for the family {}, or we do not know it", ending, family.name));
  }
  return best;
}

bool announces_head(const nlohmann::json& config, const std::string& place) {
  return rondo_object(config, place).contains("head") || is_classifier(config) || !head_of_class(config).empty();
}

heads::HeadConfig announced_head(const nlohmann::json& config, const std::string& place) {
  const nlohmann::json rondo = rondo_object(config, place);
  if (rondo.contains("head")) return read_head_config(rondo["head"]);
  const heads::HeadConfig scalar = {.kind = "bt", .norm = "none", .tau = 1};
  const std::string_view kind = head_of_class(config);
  if (!kind.empty()) {
    heads::HeadConfig head = {.kind = std::string(kind), .norm = "none", .tau = 1};
    if (heads::head_by_name(kind).readings == 1) return head;
    head.outputs = backbones::ConfigReader(config, place + "/config.json").integer_or("n_tasks", 1, 1, kMostPlanes);
    return head;
  }
  if (!is_classifier(config)) {
    throw ModelError("this model has no preference head: " + place +
                     ": config.json has no \"rondo\" object; train one with `rondo train --head gpm`");
  }
  const auto labels = config.find("id2label");
  const bool one_label = labels != config.end() && labels->is_object() && labels->size() == 1;
  backbones::ConfigReader reader(config, place + "/config.json");
  if (!one_label && reader.integer_or("num_labels", 2, 0, int64_t{1} << 31) != 1) {
    throw ModelError("not a reward model with one output: " + place +
                     ": config.json does not say num_labels 1 (transformers then assumes 2); say once what the outputs "
                     "are: `rondo import --from " +
                     place + " --out DIR --head bt --output K` (or --output-weights A,B,...)");
  }
  return scalar;
}

nlohmann::json write_head_config(const heads::HeadConfig& head) {
  nlohmann::json object = {{"kind", head.kind}, {"tau", head.tau}, {"ties", head.ties}};
  if (head.bias) object["bias"] = true;
  if (head.classifier) object["classifier"] = true;
  if (!head.answers.empty()) object["answers"] = head.answers;
  if (head.outputs != 1) object["outputs"] = head.outputs;
  if (!heads::head_by_name(head.kind).embeds) return object;
  object["planes"] = head.planes;
  object["gate"] = head.gate;
  object["norm"] = head.norm;
  // Written for every head with embeddings: only the head itself knows whether it clips.
  object["reward_clip"] = head.reward_clip;
  return object;
}

}  // namespace rondo::model
