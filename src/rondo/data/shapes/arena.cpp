// SPDX-License-Identifier: Apache-2.0
// Battles of an arena with their conversations: chatbot arena 33k (conversation_a, conversation_b) and 140k (contents
// as lists of parts; full_conversation, one entry for each turn of both sides). The names of the models are not read.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

// These files write every text as a list of one part, which templates that know texts alone would print as a list.
json as_text(const json& message, const std::string& name) {
  const json* const content = message.is_object() ? find_key(message, {"content"}) : nullptr;
  if (content == nullptr || !content->is_array()) return message;
  std::string text;
  for (const json& part : *content) {
    const json* const piece = part.is_object() ? find_key(part, {"text"}) : nullptr;
    if (piece == nullptr || !piece->is_string() || find_key(part, {"image"}) != nullptr) {
      throw DataError(fmt::format("'{}' holds something else than text; leave rows with images out", name));
    }
    text += piece->get_ref<const std::string&>();
  }
  json plain = message;
  plain["content"] = std::move(text);
  return plain;
}

json texts_of(const json& conversation, const std::string& name) {
  if (!conversation.is_array()) throw DataError(fmt::format("'{}' must be a list of messages", name));
  json messages = json::array();
  for (const json& message : conversation) messages.push_back(as_text(message, name));
  return messages;
}

// One side of full_conversation: {"user": message, "model_side_a": message, "model_side_b": message} for each turn.
json side_of(const json& full, const std::string& side) {
  json messages = json::array();
  for (const json& turn : full.is_array() ? full : json::array({full})) {
    const json* const question = turn.is_object() ? find_key(turn, {"user"}) : nullptr;
    const json* const answer = turn.is_object() ? find_key(turn, {side}) : nullptr;
    if (question == nullptr || answer == nullptr) {
      throw DataError(fmt::format("every entry of 'full_conversation' needs 'user' and '{}'", side));
    }
    messages.push_back(as_text(*question, "full_conversation"));
    messages.push_back(as_text(*answer, "full_conversation"));
  }
  return messages;
}

void read(const RowColumns& row, Group& group) {
  json sides[2];
  Column answers[2];
  for (const size_t k : {0, 1}) {
    const std::string letter = k == 0 ? "a" : "b";
    const Column column = row.column({"conversation_" + letter, "full_conversation"});
    const json value = structure_of(*column.value, column.name);
    sides[k] =
        column.name == "full_conversation" ? side_of(value, "model_side_" + letter) : texts_of(value, column.name);
    answers[k] = {.name = "conversation_" + letter, .value = &sides[k]};
  }
  read_answers(row, answers, group);
  expect_different(group, answers[0].name, answers[1].name);
  Comparison comparison = comparison_of(row);
  set_verdict(text_of(row.at("winner"), "winner"), comparison);
  group.comparisons = {comparison};
}

constexpr std::string_view kNeeds[] = {"conversation_a|full_conversation", "conversation_b|full_conversation",
                                       "winner"};

constexpr ShapeExample kExamples[] = {
    {R"({"model_a":"m","model_b":"n","winner":"model_b","conversation_a":[{"role":"user","content":"q"},{"role":"assistant","content":"x"}],"conversation_b":[{"role":"user","content":"q"},{"role":"assistant","content":"y"}],"turn":1})",
     "x|y; 0>1 p=0"},
    {R"({"model_a":"m","model_b":"n","winner":"both_bad","conversation_a":[{"role":"user","content":[{"type":"text","text":"q","image":null}]},{"role":"assistant","content":[{"type":"text","text":"x"}]}],"conversation_b":[{"role":"user","content":[{"type":"text","text":"q"}]},{"role":"assistant","content":[{"type":"text","text":"y"}]}]})",
     "x|y; 0>1 p=0.5 tie=1"},
    {R"({"model_a":"m","model_b":"n","winner":"model_a","full_conversation":[{"user":{"role":"user","content":[{"type":"text","text":"q"}]},"model_side_a":{"role":"assistant","content":[{"type":"text","text":"x"}]},"model_side_b":{"role":"assistant","content":[{"type":"text","text":"y"}]}}]})",
     "x|y; 0>1 p=1"},
};

}  // namespace

constinit const ShapeEntry arena_entry{
    .name = "arena",
    .summary = "conversation_a, conversation_b and winner (chatbot arena 33k, 140k)",
    .label = "winner: the side whose last answer is better; tie, both_bad and tie (bothbad) are ties",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
