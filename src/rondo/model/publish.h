// SPDX-License-Identifier: Apache-2.0
// A new model directory that appears whole or not at all, for those who write one.
#pragma once

#include <filesystem>
#include <string>

#include "rondo/model/directory.h"

namespace rondo::model {

/// Throws ConfigError where a model is in `out` already.
void refuse_existing(const std::string& out);

/// Whether a folder holds a language-model head beside its preference head. Cyclic checkpoints are published with one,
/// and their authors' code asks for it.
bool holds_lm_head(const std::string& directory, const backbones::FamilyEntry& family);

struct PublishOptions {
  SaveOptions save;
  std::string base;  // where the base of an adapter lies, to open what was written
};

/// Saves into OUT.part, opens that again, compares every weight, and gives it its name.
void publish_model(const Model& model, const nlohmann::json& rondo, const std::string& out,
                   const std::string& tokenizer_source, const PublishOptions& options = {});

}  // namespace rondo::model
