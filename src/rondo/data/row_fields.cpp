// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/row_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/base/parse_number.h"
#include "rondo/io/json.h"

namespace rondo::data {

using json = nlohmann::ordered_json;

const json* find_key(const json& row, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto at = row.find(name);
    if (at != row.end() && !at->is_null()) return &*at;
  }
  return nullptr;
}

double number_of(const json& value, std::string_view name) {
  double number = NAN;
  if (value.is_number()) number = value.get<double>();
  if (value.is_string()) number = parse_number<double>(value.get_ref<const std::string&>()).value_or(NAN);
  if (!std::isfinite(number)) throw DataError(fmt::format("'{}' is not a number", name));
  return number;
}

double number_or(const json& row, std::string_view name, double otherwise, double low, double high) {
  const json* const value = find_key(row, {name});
  if (value == nullptr) return otherwise;
  const double number = number_of(*value, name);
  if (number < low || number > high) {
    throw DataError(fmt::format("'{}' is {}, it must lie between {} and {}", name, number, low, high));
  }
  return number;
}

std::string text_of(const json& value, std::string_view name) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  throw DataError(fmt::format("'{}' is not a text but {}", name, value.type_name()));
}

json structure_of(const json& value, std::string_view name) {
  if (!value.is_string()) return value;
  json parsed;
  const std::string problem = io::try_parse_json(value.get_ref<const std::string&>(), parsed);
  if (!problem.empty()) throw DataError(fmt::format("'{}' is text that is not JSON: {}", name, problem));
  return parsed;
}

namespace {

// The texts of a content that is a list of parts; other parts (images) stay in the list only.
std::string text_of_parts(const json& parts) {
  std::string text;
  for (const json& part : parts) {
    const json* const piece = part.is_object() ? find_key(part, {"text"}) : nullptr;
    if (piece != nullptr && piece->is_string()) text += piece->get_ref<const std::string&>();
  }
  return text;
}

}  // namespace

Message message_of(const json& value) {
  const json* const role = value.is_object() ? find_key(value, {"role"}) : nullptr;
  if (role == nullptr || !role->is_string() || role->get_ref<const std::string&>().empty()) {
    throw DataError("a message must be an object with 'role' and 'content'");
  }
  Message message{.role = role->get<std::string>(), .content = {}, .extra_json = {}};
  json extra = json::object();
  for (const auto& [key, field] : value.items()) {
    if (key == "role" || field.is_null()) continue;
    if (key == "content" && field.is_string()) {
      message.content = field.get<std::string>();
      continue;
    }
    if (key == "content" && !field.is_array()) throw DataError("the 'content' of a message must be text or a list");
    if (key == "content") message.content = text_of_parts(field);
    extra[key] = field;
  }
  if (!value.contains("content") && extra.empty()) throw DataError("a message must have 'content'");
  if (!extra.empty()) message.extra_json = extra.dump();
  return message;
}

std::vector<Message> messages_of(const json& value, std::string_view name) {
  if (!value.is_array() || value.empty()) throw DataError(fmt::format("'{}' must be a list of messages", name));
  std::vector<Message> messages;
  for (const json& message : value) messages.push_back(message_of(message));
  return messages;
}

Message response_of(const json& value, std::string_view name) {
  if (value.is_string() || value.is_number()) {
    return {.role = "assistant", .content = text_of(value, name), .extra_json = {}};
  }
  if (value.is_array() && value.size() == 1) return response_of(value.front(), name);
  if (!value.is_object()) {
    throw DataError(fmt::format("a response in '{}' must be a text or one assistant message", name));
  }
  Message message = message_of(value);
  if (message.role != "assistant") {
    throw DataError(fmt::format("a response in '{}' has the role '{}', it must be 'assistant'", name, message.role));
  }
  return message;
}

void add_template_fields(const json& row, Prompt& prompt) {
  if (const json* const tools = find_key(row, {"tools"})) {
    const json list = structure_of(*tools, "tools");
    if (!list.is_array()) throw DataError("'tools' must be a list");
    if (!list.empty()) prompt.tools_json = list.dump();
  }
  if (const json* const kwargs = find_key(row, {"chat_template_kwargs"})) {
    const json object = structure_of(*kwargs, "chat_template_kwargs");
    if (!object.is_object()) throw DataError("'chat_template_kwargs' must be an object");
    if (!object.empty()) prompt.template_kwargs_json = object.dump();
  }
}

std::optional<Prompt> find_prompt(const json& row) {
  const json* const value = find_key(row, {"prompt", "messages", "instruction", "question", "input"});
  if (value == nullptr) return std::nullopt;
  // Instruction files put half of the prompt into each of two columns; taking one would lose the other.
  const json* const input = find_key(row, {"input"});
  if (input != nullptr && value != input && *input != "" && value == find_key(row, {"instruction", "question"})) {
    throw DataError("the prompt is spread over two columns, one of them 'input'; join them into 'prompt'");
  }
  Prompt prompt;
  if (value->is_array()) {
    prompt.is_plain = false;
    prompt.messages = messages_of(*value, "prompt");
  } else {
    prompt.text = text_of(*value, "prompt");
  }
  const json* const system = find_key(row, {"system"});
  if (system != nullptr && !text_of(*system, "system").empty()) {
    if (prompt.is_plain) prompt.messages = {{.role = "user", .content = std::move(prompt.text), .extra_json = {}}};
    prompt.is_plain = false;
    prompt.text.clear();
    prompt.messages.insert(prompt.messages.begin(),
                           {.role = "system", .content = text_of(*system, "system"), .extra_json = {}});
  }
  add_template_fields(row, prompt);
  return prompt;
}

Prompt prompt_of(const json& row) {
  auto prompt = find_prompt(row);
  if (!prompt) throw DataError("there is no 'prompt'; name the column that holds it, as in `rename` question=prompt");
  return *std::move(prompt);
}

Comparison comparison_of(const json& row) {
  Comparison comparison{.i = 0, .j = 1};
  comparison.weight = static_cast<float>(number_or(row, "weight", 1, 0, kMaxWeight));
  if (!(comparison.weight > 0)) throw DataError("'weight' must be above 0; leave the row out instead");
  comparison.margin = static_cast<float>(number_or(row, "margin", 0, -kMaxMargin, kMaxMargin));
  return comparison;
}

void set_tie(Comparison& comparison) {
  comparison.p = 0.5F;
  comparison.tie = 1;
}

void set_verdict(std::string_view word, Comparison& comparison) {
  for (const std::string_view first : {"a", "A", "model_a", "response_a", "left"}) {
    if (word == first) return;
  }
  for (const std::string_view second : {"b", "B", "model_b", "response_b", "right"}) {
    if (word == second) {
      comparison.p = 0;
      return;
    }
  }
  for (const std::string_view tie : {"tie", "both_bad", "tie (bothbad)"}) {
    if (word == tie) return set_tie(comparison);
  }
  throw DataError(fmt::format("unknown verdict '{}'; known: a, b, model_a, model_b, left, right, tie, both_bad", word));
}

}  // namespace rondo::data
