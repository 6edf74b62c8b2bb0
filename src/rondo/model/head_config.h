// SPDX-License-Identifier: Apache-2.0
// The "head" object inside config.json's "rondo".
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "rondo/heads/shared/head.h"

namespace rondo::model {

/// Throws ModelError on unknown, missing or impossible values.
heads::HeadConfig read_head_config(const nlohmann::json& head);

/// The first class name of `architectures`, or the base model of `model_type` where that is all there is. Throws
/// ModelError where neither is there; `place` names the directory.
std::string architecture_of(const nlohmann::json& config, const std::string& place);
/// config.json's "rondo" object, an empty one where there is none. Throws ModelError where it is no object.
nlohmann::json rondo_object(const nlohmann::json& config, const std::string& place);
/// The head that config.json announces: by its "rondo" object, or as a sequence classifier with one output.
/// Throws ModelError where it announces none, or one with another number of outputs.
heads::HeadConfig announced_head(const nlohmann::json& config, const std::string& place);

nlohmann::json write_head_config(const heads::HeadConfig& head);

}  // namespace rondo::model
