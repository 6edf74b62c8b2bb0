// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/special_tokens.h"

#include <filesystem>

#include "rondo/text/files.h"
#include "rondo/text/tokenizer/json_fields.h"

namespace rondo::text {
namespace {

void take(const Json& object, SpecialTokens& tokens) {
  if (!object.is_object()) return;
  // Tokens with names of a model's own ({"image_token": "<image>"}) may stand in a dictionary of their own.
  for (const char* const group : {"extra_special_tokens", "model_specific_special_tokens"}) {
    if (object.contains(group)) take(object.at(group), tokens);
  }
  for (const auto& [name, value] : object.items()) {
    if (!name.ends_with("_token") || tokens.by_name.contains(name)) continue;
    if (value.is_string()) {
      tokens.by_name[name] = value.get<std::string>();
    } else if (value.is_object() && value.contains("content") && value.at("content").is_string()) {
      tokens.by_name[name] = value.at("content").get<std::string>();
    }
  }
}

}  // namespace

std::string SpecialTokens::get(const std::string& name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? std::string() : found->second;
}

SpecialTokens read_special_tokens(const std::string& model_dir) {
  SpecialTokens tokens;
  for (const char* const name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    const auto path = std::filesystem::path(model_dir) / name;
    if (std::filesystem::exists(path)) take(read_json_object(path.string()), tokens);
  }
  return tokens;
}

}  // namespace rondo::text
