// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/text_rows.h"

#include <sstream>

#include "rondo/base/error.h"
#include "rondo/io/byte_stream.h"
#include "rondo/io/json.h"

namespace rondo::text {
namespace {

using Json = nlohmann::ordered_json;

// Bytes asked for at first; most lines are shorter.
constexpr size_t kFirstLook = size_t{1} << 16;

const Json& member(const Json& row, const char* name) {
  static const Json kNone;
  const auto found = row.find(name);
  return found == row.end() ? kNone : *found;
}

Message message_of(const Json& object) {
  if (!object.is_object())
    throw DataError("message is malformed: it is " + std::string(object.type_name()) +
                    ", not an object; give role and content");
  Message message;
  Json extra = Json::object();
  for (const auto& [key, value] : object.items()) {
    if (key == "role" && value.is_string()) {
      message.role = value.get<std::string>();
    } else if (key == "content" && value.is_string()) {
      message.content = value.get<std::string>();
    } else {
      extra[key] = value;
    }
  }
  if (!extra.empty()) message.extra_json = extra.dump();
  return message;
}

}  // namespace

void for_each_line(const std::string& path, const std::function<void(const Json&)>& visit) {
  io::ByteStream stream(path == "/dev/stdin" ? "-" : path);
  int64_t number = 0;
  size_t wanted = kFirstLook;
  for (std::string_view bytes = stream.peek(wanted); !bytes.empty(); bytes = stream.peek(wanted)) {
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos && bytes.size() >= wanted) {  // the line may go on
      wanted = 2 * bytes.size();
      continue;
    }
    wanted = kFirstLook;
    const std::string line(bytes.substr(0, end));
    stream.skip(end == std::string_view::npos ? bytes.size() : end + 1);
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string where = path + ": line " + std::to_string(number);
    // Checked first for depth and UTF-8, then read in order.
    static_cast<void>(io::parse_json(line, where));
    const Json row = Json::parse(line);
    if (!row.is_object())
      throw DataError("row is malformed: " + where + ": it is not a JSON object; write one object per line");
    try {
      visit(row);
    } catch (const DataError& error) {
      throw DataError(where + ": " + error.what());
    }
  }
}

TemplateInput template_input(const Json& row) {
  TemplateInput input;
  input.messages = member(row, "messages");
  if (!input.messages.is_array())
    throw DataError("row is malformed: 'messages' is " + std::string(input.messages.type_name()) +
                    ", not a list; give a list of messages");
  input.tools = member(row, "tools");
  input.documents = member(row, "documents");
  input.variables = Json::object();
  for (const char* const name : {"kwargs", "chat_template_kwargs"}) {
    if (member(row, name).is_object()) input.variables.update(member(row, name));
  }
  for (const char* const name : {"bos_token", "eos_token"}) {
    if (!member(row, name).is_null()) input.variables[name] = member(row, name);
  }
  const Json& add = member(row, "add_generation_prompt");
  input.add_generation_prompt = add.is_boolean() && add.get<bool>();
  return input;
}

Prompt prompt_of(const Json& row) {
  Prompt prompt;
  const Json& source = row.contains("messages") ? row.at("messages") : member(row, "prompt");
  if (source.is_string()) {
    prompt.text = source.get<std::string>();
  } else if (source.is_array()) {
    prompt.is_plain = false;
    for (const Json& message : source) prompt.messages.push_back(message_of(message));
  } else {
    throw DataError("row is malformed: neither 'prompt' nor 'messages'; give one of them");
  }
  if (!member(row, "tools").is_null()) prompt.tools_json = row.at("tools").dump();
  for (const char* const name : {"kwargs", "chat_template_kwargs"}) {
    if (member(row, name).is_object()) prompt.template_kwargs_json = row.at(name).dump();
  }
  return prompt;
}

Message response_of(const Json& value) {
  if (!value.is_string()) return message_of(value);
  return {.role = "assistant", .content = value.get<std::string>(), .extra_json = ""};
}

}  // namespace rondo::text
