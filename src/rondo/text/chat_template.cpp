// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/chat_template.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/io/json.h"
#include "rondo/text/files.h"

namespace rondo::text {
namespace {

using Json = nlohmann::ordered_json;

// The order of keys is kept: templates print dictionaries.
Json parse_ordered(const std::string& text, const char* where) {
  if (text.empty()) return nullptr;
  static_cast<void>(io::parse_json(text, where));  // depth, UTF-8 and a message with a place
  return Json::parse(text);
}

}  // namespace

struct ChatTemplate::Compiled {};

ChatTemplate::ChatTemplate(std::string source, SpecialTokens tokens)
    : source_(std::move(source)), tokens_(std::move(tokens)), compiled_(std::make_unique<Compiled>()) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

std::string ChatTemplate::hash() const { return sha256_hex(source_); }

std::optional<ChatTemplate> ChatTemplate::load(const std::string& model_dir) {
  const std::filesystem::path folder(model_dir);
  const auto file = folder / "chat_template.jinja";
  if (std::filesystem::exists(file)) return ChatTemplate(read_text_file(file.string()), read_special_tokens(model_dir));
  const auto config_file = folder / "tokenizer_config.json";
  if (!std::filesystem::exists(config_file)) return std::nullopt;
  const nlohmann::json config = read_json_object(config_file.string());
  const auto found = config.find("chat_template");
  if (found == config.end() || found->is_null()) return std::nullopt;
  if (found->is_string()) return ChatTemplate(found->get<std::string>(), read_special_tokens(model_dir));
  if (found->is_array()) {
    for (const auto& named : *found) {
      if (named.is_object() && named.value("name", "") == "default" && named.contains("template") &&
          named.at("template").is_string()) {
        return ChatTemplate(named.at("template").get<std::string>(), read_special_tokens(model_dir));
      }
    }
  }
  throw ModelError(
      "chat template cannot be read: " + config_file.string() +
      ": chat_template is neither a text nor a list with a template named 'default'; write chat_template.jinja");
}

Rendering ChatTemplate::render(const TemplateInput&) const {
  throw ModelError("chat template cannot be rendered: no engine in this build; use a plain text policy");
}

std::string ChatTemplate::render(const Prompt& prompt, const std::vector<Message>& more,
                                 bool add_generation_prompt) const {
  TemplateInput input;
  input.messages = Json::array();
  if (prompt.is_plain) {
    input.messages.push_back({{"role", "user"}, {"content", prompt.text}});
  } else {
    for (const Message& message : prompt.messages) input.messages.push_back(message_object(message));
  }
  for (const Message& message : more) input.messages.push_back(message_object(message));
  input.tools = parse_ordered(prompt.tools_json, "tools of the prompt");
  input.variables = parse_ordered(prompt.template_kwargs_json, "template arguments of the prompt");
  input.add_generation_prompt = add_generation_prompt;
  return render(input).text;
}

Json message_object(const Message& message) {
  Json object = {{"role", message.role}, {"content", message.content}};
  const Json extra = parse_ordered(message.extra_json, "further keys of a message");
  if (!extra.is_object()) return object;
  for (const auto& [key, value] : extra.items()) object[key] = value;
  return object;
}

}  // namespace rondo::text
