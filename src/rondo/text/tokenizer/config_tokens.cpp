// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/config_tokens.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "rondo/base/parse_number.h"

namespace rondo::text {
namespace {

using Ordered = nlohmann::ordered_json;

constexpr const char* kNamed[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                  "pad_token", "cls_token", "mask_token"};
constexpr const char* kExtra = "extra_special_tokens";
constexpr const char* kAdditional = "additional_special_tokens";
constexpr const char* kDecoder = "added_tokens_decoder";
// Where transformers keeps named tokens of a model's own, beside "..._token" keys.
constexpr const char* kOwn = "model_specific_special_tokens";

bool is_token(const Ordered& value) {
  return (value.is_string() && !value.get_ref<const std::string&>().empty()) ||
         (value.is_object() && value.contains("content") && value["content"].is_string());
}

bool is_set(const Ordered& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && !found->is_null() && !found->empty();
}

std::string content_of(const Ordered& value) {
  return value.is_string() ? value.get<std::string>() : value.at("content").get<std::string>();
}

// As a row of "added_tokens": a text is a special token without flags.
Json row_of(const Ordered& value, bool is_special) {
  if (value.is_string()) return {{"content", value.get<std::string>()}, {"special", true}, {"normalized", false}};
  Json row = Json::parse(value.dump());
  row.erase("__type");
  if (is_special) {
    // The flag decides what is looked for in normalised text, where the file does not say.
    if (!row.contains("normalized")) row["normalized"] = !row.value("special", false);
    row["special"] = true;
  }
  return row;
}

// What transformers has read when it makes the tokenizer.
struct Named {
  std::vector<std::pair<std::string, Ordered>> tokens;  // bos_token, eos_token, ..., a model's own
  std::vector<Ordered> extra;
  std::map<int64_t, Ordered> by_id;
};

void read_extra(const Ordered& list, std::vector<Ordered>& extra) {
  if (!list.is_array()) return;
  for (const Ordered& token : list) {
    const bool is_new = std::find(extra.begin(), extra.end(), token) == extra.end();
    if (is_token(token) && is_new) extra.push_back(token);
  }
}

// special_tokens_map.json wins over the config; its extra tokens join those of the config.
Ordered merged(const TokenFiles& files) {
  Ordered config = files.config;
  if (!is_set(config, kExtra) && is_set(config, kAdditional)) {
    config[kExtra] = config[kAdditional];
    config.erase(kAdditional);
  }
  if (config.contains(kDecoder)) return config;
  for (const auto& [key, value] : files.special_map.items()) {
    if (key == kExtra && value.is_array() && config.contains(kExtra) && config[kExtra].is_array()) {
      for (const Ordered& token : value) config[kExtra].push_back(token);
    } else {
      config[key] = value;
    }
  }
  // Too late to become extra tokens where there are some already.
  if (!config.contains(kExtra) && is_set(config, kAdditional)) config[kExtra] = config[kAdditional];
  return config;
}

void read_own(const Ordered& object, Named& named) {
  if (!object.is_object()) return;
  for (const auto& [name, value] : object.items()) {
    if (is_token(value)) named.tokens.emplace_back(name, value);
  }
}

void read_by_id(const Ordered& config, const TokenFiles& files, Named& named) {
  if (const auto decoder = config.find(kDecoder); decoder != config.end()) {
    if (!decoder->is_object()) return;
    for (const auto& [id, token] : decoder->items()) {
      const auto number = parse_number<int64_t>(id);
      if (number && is_token(token)) named.by_id[*number] = token;
    }
    return;
  }
  std::set<std::string> specials;
  for (const auto& [name, token] : named.tokens) specials.insert(content_of(token));
  for (const Ordered& token : named.extra) specials.insert(content_of(token));
  for (const auto& [content, id] : files.added_tokens.items()) {
    if (!id.is_number_integer() || content.empty()) continue;
    const bool is_special = specials.contains(content);
    named.by_id[id.get<int64_t>()] = {{"content", content}, {"special", is_special}, {"normalized", !is_special}};
  }
}

Named read_named(const TokenFiles& files, const Json& tokenizer) {
  Ordered config = merged(files);
  // A tokenizer.json that pads names its pad token.
  const Json padding = tokenizer.value("padding", Json());
  if (padding.is_object() && padding.contains("pad_token") && !config.contains("pad_token"))
    config["pad_token"] = padding["pad_token"].get<std::string>();
  Named named;
  for (const char* const name : kNamed) {
    if (config.contains(name) && is_token(config[name])) named.tokens.emplace_back(name, config[name]);
  }
  for (const auto& [name, value] : config.items()) {
    const bool is_usual = std::find(std::begin(kNamed), std::end(kNamed), name) != std::end(kNamed);
    if (name.ends_with("_token") && !is_usual && is_token(value)) named.tokens.emplace_back(name, value);
  }
  for (const char* const key : {kOwn, kExtra}) {
    if (config.contains(key)) read_own(config[key], named);
  }
  if (config.contains(kExtra)) read_extra(config[kExtra], named.extra);
  read_by_id(config, files, named);
  return named;
}

}  // namespace

void add_config_tokens(const TokenFiles& files, Json& tokenizer) {
  if (!tokenizer.is_object()) return;
  const Named named = read_named(files, tokenizer);
  Json& list = tokenizer["added_tokens"];
  if (!list.is_array()) list = Json::array();
  std::set<std::string> known, specials;
  for (const Json& row : list) {
    if (row.is_object() && row.contains("content") && row["content"].is_string())
      known.insert(row["content"].get<std::string>());
  }
  for (const auto& [name, token] : named.tokens) specials.insert(content_of(token));
  // A token that the tokenizer.json has already gets the flags that stand here.
  for (const auto& [id, token] : named.by_id) {
    known.insert(content_of(token));
    list.push_back(row_of(token, specials.contains(content_of(token))));
  }
  const auto add = [&](const Ordered& token, bool is_named) {
    if (known.insert(content_of(token)).second) list.push_back(row_of(token, is_named));
  };
  for (const auto& [name, token] : named.tokens) add(token, true);
  for (const Ordered& token : named.extra) add(token, false);
}

bool gives_token_types(const Ordered& config) {
  const auto names = config.find("model_input_names");
  if (names == config.end() || !names->is_array()) return true;
  return std::find(names->begin(), names->end(), "token_type_ids") != names->end();
}

}  // namespace rondo::text
