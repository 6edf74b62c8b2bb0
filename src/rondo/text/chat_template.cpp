// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/chat_template.h"

#include <ctime>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/base/nearest.h"
#include "rondo/io/json.h"
#include "rondo/text/files.h"
#include "rondo/text/jinja/from_json.h"
#include "rondo/text/jinja/interpreter.h"
#include "rondo/text/jinja/parser.h"

namespace rondo::text {
namespace {

using Json = nlohmann::ordered_json;

// The order of keys is kept: templates print dictionaries.
Json parse_ordered(const std::string& text, const char* where) {
  return text.empty() ? Json(nullptr) : io::parse_ordered_json(text, where);
}

// Reasoning has three names in the wild. Templates look for `reasoning_content` and `thinking`: a message that has any
// gets both, as transformers does before it renders.
Json with_reasoning(const Json& messages) {
  if (!messages.is_array()) return messages;
  Json result = Json::array();
  for (const Json& message : messages) {
    const Json* reasoning = nullptr;
    for (const char* const name : {"reasoning_content", "thinking", "reasoning"}) {
      const bool has =
          reasoning == nullptr && message.is_object() && message.contains(name) && !message.at(name).is_null();
      if (has) reasoning = &message.at(name);
    }
    if (reasoning == nullptr) {
      result.push_back(message);
      continue;
    }
    Json copy = Json::object();
    copy["thinking"] = *reasoning;
    for (const auto& [key, value] : message.items()) copy[key] = value;
    copy["reasoning_content"] = *reasoning;
    result.push_back(std::move(copy));
  }
  return result;
}

// Every template of a directory by its name; the only one is "default".
std::map<std::string, std::string> named_sources(const std::string& model_dir) {
  const std::filesystem::path folder(model_dir);
  std::map<std::string, std::string> sources;
  const auto config_file = folder / "tokenizer_config.json";
  const nlohmann::json config =
      std::filesystem::exists(config_file) ? read_json_object(config_file.string()) : nlohmann::json::object();
  const auto found = config.find("chat_template");
  if (found != config.end() && found->is_string()) {
    sources["default"] = found->get<std::string>();
  } else if (found != config.end() && found->is_array()) {
    for (const auto& row : *found) {
      const bool fits = row.is_object() && row.contains("name") && row.at("name").is_string() &&
                        row.contains("template") && row.at("template").is_string();
      if (!fits)
        throw ModelError("chat template cannot be read: " + config_file.string() +
                         ": a row of chat_template is not {name, template}; write chat_template.jinja");
      sources[row.at("name").get<std::string>()] = row.at("template").get<std::string>();
    }
  } else if (found != config.end() && !found->is_null()) {
    throw ModelError("chat template cannot be read: " + config_file.string() +
                     ": chat_template is neither a text nor a list of named ones; write chat_template.jinja");
  }
  const auto file = folder / "chat_template.jinja";
  if (std::filesystem::exists(file)) sources["default"] = read_text_file(file.string());
  const auto more = folder / "additional_chat_templates";
  if (!std::filesystem::is_directory(more)) return sources;
  for (const auto& entry : std::filesystem::directory_iterator(more)) {
    if (entry.path().extension() == ".jinja")
      sources[entry.path().stem().string()] = read_text_file(entry.path().string());
  }
  return sources;
}

}  // namespace

struct ChatTemplate::Compiled {
  jinja::Body body;
};

ChatTemplate::ChatTemplate(std::string source, SpecialTokens tokens)
    : source_(std::move(source)),
      tokens_(std::move(tokens)),
      compiled_(std::make_unique<Compiled>(Compiled{jinja::parse_template(source_)})) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

std::string ChatTemplate::hash() const { return sha256_hex(source_); }

bool ChatTemplate::reads_clock() const {
  return source_.find("strftime_now") != std::string::npos || (for_tools_ && for_tools_->reads_clock());
}

void ChatTemplate::set_clock(int64_t seconds) {
  clock_ = seconds;
  if (for_tools_) for_tools_->set_clock(seconds);
}

std::optional<ChatTemplate> ChatTemplate::load(const std::string& model_dir, const std::string& name) {
  const std::map<std::string, std::string> sources = named_sources(model_dir);
  if (sources.empty()) return std::nullopt;
  const auto found = sources.find(name);
  if (found == sources.end()) {
    std::vector<std::string> names;
    for (const auto& [known, source] : sources) names.push_back(known);
    throw ModelError("chat template cannot be read: " + model_dir + ": " +
                     unknown_name_message("template", name, names) + "; name one of them");
  }
  ChatTemplate chosen(found->second, read_special_tokens(model_dir));
  if (const auto tools = sources.find("tool_use"); name == "default" && tools != sources.end())
    chosen.for_tools_ = std::make_unique<ChatTemplate>(tools->second, read_special_tokens(model_dir));
  return chosen;
}

Rendering ChatTemplate::render(const TemplateInput& input) const {
  if (for_tools_ && !input.tools.is_null()) return for_tools_->render(input);
  jinja::Interpreter interpreter({}, clock_);
  for (const auto& [name, token] : tokens_.by_name) interpreter.define(name, jinja::Value::string(token));
  interpreter.define("messages", jinja::from_json(with_reasoning(input.messages)));
  interpreter.define("tools", jinja::from_json(input.tools));
  interpreter.define("documents", jinja::from_json(input.documents));
  interpreter.define("add_generation_prompt", jinja::Value::boolean(input.add_generation_prompt));
  if (input.variables.is_object()) {
    for (const auto& [name, value] : input.variables.items()) interpreter.define(name, jinja::from_json(value));
  }
  Rendering rendering;
  rendering.text = interpreter.run(compiled_->body);
  for (const jinja::OutputRange& range : interpreter.generation())
    rendering.generation.push_back({range.begin, range.end});
  return rendering;
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

int64_t local_clock() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  return timegm(&parts);
}

Json message_object(const Message& message) {
  Json object = {{"role", message.role}, {"content", message.content}};
  const Json extra = parse_ordered(message.extra_json, "further keys of a message");
  if (!extra.is_object()) return object;
  for (const auto& [key, value] : extra.items()) {
    // As transformers hands conversations to templates: what is null is not there.
    if (value.is_null())
      object.erase(key);
    else
      object[key] = value;
  }
  return object;
}

}  // namespace rondo::text
