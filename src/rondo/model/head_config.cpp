// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/head_config.h"

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

}  // namespace

heads::HeadConfig read_head_config(const nlohmann::json& object) {
  backbones::ConfigReader reader(object, "config.json: rondo: head");
  heads::HeadConfig head;
  head.kind = reader.text("kind");
  check_name("head", head.kind, heads::head_names());
  const bool scalar = heads::head_by_name(head.kind).scalar;
  if (!scalar) {
    head.planes = reader.integer("planes", 1, kMostPlanes);
    head.gate = reader.text("gate");
    head.norm = reader.text("norm");
    check_name("gate", head.gate, heads::kGateNames);
    check_name("norm", head.norm, heads::kNormNames);
  } else {
    head.norm = "none";
  }
  head.tau = reader.number("tau", 1e-6, kMostTau);
  head.reward_clip = reader.number_or("reward_clip", head.reward_clip, 0, kMostTau);
  head.ties = reader.boolean_or("ties", false);
  const std::vector<std::string> unknown = reader.unused();
  if (!unknown.empty()) {
    throw ModelError("config.json: rondo: head: unknown key '" + unknown.front() +
                     "'; was it written by a newer version?");
  }
  return head;
}

std::string architecture_of(const nlohmann::json& config, const std::string& place) {
  const auto found = config.find("architectures");
  if (found != config.end() && found->is_array() && !found->empty() && found->front().is_string())
    return found->front().get<std::string>();
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

heads::HeadConfig announced_head(const nlohmann::json& config, const std::string& place) {
  const nlohmann::json rondo = rondo_object(config, place);
  if (rondo.contains("head")) return read_head_config(rondo["head"]);
  if (architecture_of(config, place).find("ForSequenceClassification") == std::string::npos) {
    throw ModelError("this model has no preference head: " + place +
                     ": config.json has no \"rondo\" object; train one with `rondo train --head gpm`");
  }
  const auto labels = config.find("id2label");
  const bool one_label = labels != config.end() && labels->is_object() && labels->size() == 1;
  backbones::ConfigReader reader(config, place + "/config.json");
  if (!one_label && reader.integer_or("num_labels", 2, 0, int64_t{1} << 31) != 1) {
    throw ModelError("not a reward model with one output: " + place +
                     ": config.json does not say num_labels 1 (transformers then assumes 2)");
  }
  return {.kind = "bt", .norm = "none", .tau = 1};
}

nlohmann::json write_head_config(const heads::HeadConfig& head) {
  nlohmann::json object = {{"kind", head.kind}, {"tau", head.tau}, {"ties", head.ties}};
  if (heads::head_by_name(head.kind).scalar) return object;
  object["planes"] = head.planes;
  object["gate"] = head.gate;
  object["norm"] = head.norm;
  // Written for every non-scalar head: only the head itself knows whether it clips.
  object["reward_clip"] = head.reward_clip;
  return object;
}

}  // namespace rondo::model
