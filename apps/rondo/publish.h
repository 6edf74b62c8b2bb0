// SPDX-License-Identifier: Apache-2.0
// A new model directory that appears whole or not at all, for verbs that write one.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "rondo/model/directory.h"

namespace rondo::cli {

/// Throws ConfigError where a model is in `out` already.
void refuse_existing(const std::string& out);

/// Whether a folder holds a language-model head beside its preference head. Cyclic checkpoints are published with one,
/// and their authors' code asks for it.
bool holds_lm_head(const std::string& directory, const backbones::FamilyEntry& family);

/// Saves into OUT.part, opens that again, compares every weight, and gives it its name.
void publish_model(const model::Model& model, const nlohmann::json& rondo, const std::string& out,
                   const std::string& tokenizer_source, const model::SaveOptions& options);

}  // namespace rondo::cli
