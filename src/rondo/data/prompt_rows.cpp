// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/prompt_rows.h"

#include <fmt/format.h>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {

using Json = nlohmann::ordered_json;

void for_each_row(const std::string& path, const std::function<void(const Json&)>& visit) {
  const auto rows = io::open_rows({path});
  while (const auto row = rows->next()) {
    const std::string place = fmt::format("{}: row {}: ", row->file, row->number);
    if (!row->problem.empty()) throw DataError(place + row->problem);
    try {
      visit(row->object);
    } catch (const DataError& error) {
      throw DataError(place + error.what());
    }
  }
}

Group unlabelled_row(const Json& row) {
  const ShapeEntry* const shape = find_shape(row);
  if (shape != nullptr && !shape->is_refused && !shape->names_items) return read_row(*shape, row);
  return {
      .prompt = prompt_of(RowColumns(row)), .responses = {}, .comparisons = {}, .id = "", .subset = "", .source = ""};
}

text::TemplateInput template_input(const Json& row) {
  const auto member = [&row](const char* name) {
    const Json* const value = find_key(row, {name});
    return value == nullptr ? Json() : *value;
  };
  text::TemplateInput input;
  input.messages = member("messages");
  if (!input.messages.is_array())
    throw DataError(fmt::format("row is malformed: 'messages' is {}, not a list; give a list of messages",
                                input.messages.type_name()));
  input.tools = structure_of(member("tools"), "tools");
  input.documents = structure_of(member("documents"), "documents");
  input.variables = Json::object();
  for (const char* const name : {"kwargs", "chat_template_kwargs"}) {
    if (const Json kwargs = structure_of(member(name), name); kwargs.is_object()) input.variables.update(kwargs);
  }
  for (const char* const name : {"bos_token", "eos_token"}) {
    if (const Json token = member(name); !token.is_null()) input.variables[name] = token;
  }
  const Json add = member("add_generation_prompt");
  input.add_generation_prompt = add.is_boolean() && add.get<bool>();
  return input;
}

}  // namespace rondo::data
