// SPDX-License-Identifier: Apache-2.0
// The "head" object inside config.json's "rondo".
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "rondo/backbones/shared/family.h"
#include "rondo/heads/shared/head.h"

namespace rondo::model {

/// Throws ModelError on unknown, missing or impossible values.
heads::HeadConfig read_head_config(const nlohmann::json& head);

/// The first class name of `architectures`, or the base model of `model_type` where that is all there is. Throws
/// ModelError where neither is there; `place` names the directory.
std::string architecture_of(const nlohmann::json& config, const std::string& place);
/// config.json's "rondo" object, an empty one where there is none. Throws ModelError where it is no object.
nlohmann::json rondo_object(const nlohmann::json& config, const std::string& place);
/// Whether the class name of config.json is a transformers class with outputs for whole sequences.
bool is_classifier(const nlohmann::json& config);
/// The family that computes the backbone: by the class name; by `model_type` where the class is a trainer's own around
/// a model of transformers (OpenRLHF, GPM). Throws ModelError listing the known ones.
const backbones::FamilyEntry& family_of(const nlohmann::json& config, const std::string& place);
/// Null where family_of would throw; for folders that may hold a tokenizer only.
const backbones::FamilyEntry* find_family_of(const nlohmann::json& config);

inline constexpr std::string_view kClassifierClass = "ForSequenceClassification";
inline constexpr std::string_view kLanguageModelClass = "ForCausalLM";
/// The class of transformers for a family that ends so, the one nearest to the class named in `config`.
std::string class_name(const backbones::FamilyEntry& family, const nlohmann::json& config, std::string_view ending);

/// The head that a trainer's class announces by its name, "" where it announces none.
std::string_view head_of_class(const nlohmann::json& config);

/// Whether config.json says of a head what it is.
bool announces_head(const nlohmann::json& config, const std::string& place);
/// The head that config.json announces: by its "rondo" object, as a sequence classifier with one output, or by the
/// class name of a trainer of reward models. Throws ModelError where it announces none, or one with another number of
/// outputs.
heads::HeadConfig announced_head(const nlohmann::json& config, const std::string& place);

nlohmann::json write_head_config(const heads::HeadConfig& head);

}  // namespace rondo::model
