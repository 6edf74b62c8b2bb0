// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/shapes/shared/row_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/base/parse_number.h"
#include "rondo/io/json.h"

namespace rondo::data {

using json = nlohmann::ordered_json;

double number_of(const json& value, std::string_view name) {
  if (value.is_null()) throw DataError(fmt::format("'{}' is null", name));
  double number = NAN;
  if (value.is_number()) number = value.get<double>();
  if (value.is_string()) number = parse_number<double>(value.get_ref<const std::string&>()).value_or(NAN);
  if (!std::isfinite(number)) throw DataError(fmt::format("'{}' is not a number", name));
  return number;
}

double number_or(const RowColumns& row, std::string_view name, double otherwise, double low, double high) {
  const json* const value = row.find({name});
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
  // A template can ask whether there is a content; an empty one is there.
  if (find_key(value, {"content"}) == nullptr) extra["content"] = nullptr;
  if (!extra.empty()) message.extra_json = extra.dump();
  return message;
}

std::vector<Message> messages_of(const json& value, std::string_view name) {
  if (!value.is_array() || value.empty()) throw DataError(fmt::format("'{}' must be a list of messages", name));
  if (value[0].is_string()) {
    throw DataError(fmt::format(
        "'{}' is a list of texts where a text or a conversation is wanted; a turn is an object with 'role' and "
        "'content'",
        name));
  }
  std::vector<Message> messages;
  for (const json& message : value) messages.push_back(message_of(message));
  return messages;
}

void add_template_fields(const RowColumns& row, Prompt& prompt) {
  if (const json* const tools = row.find({"tools"})) {
    const json list = structure_of(*tools, "tools");
    if (!list.is_array()) throw DataError("'tools' must be a list");
    if (!list.empty()) prompt.tools_json = list.dump();
  }
  if (const json* const kwargs = row.find({"chat_template_kwargs"})) {
    const json object = structure_of(*kwargs, "chat_template_kwargs");
    if (!object.is_object()) throw DataError("'chat_template_kwargs' must be an object");
    if (!object.empty()) prompt.template_kwargs_json = object.dump();
  }
}

namespace {

float weight_of(const RowColumns& row) {
  const auto weight = static_cast<float>(number_or(row, "weight", 1, 0, kMaxWeight));
  if (!(weight > 0)) throw DataError("'weight' must be above 0; leave the row out instead");
  return weight;
}

}  // namespace

Comparison comparison_of(const RowColumns& row) {
  Comparison comparison{.i = 0, .j = 1};
  comparison.weight = weight_of(row);
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

void set_degree(double degree, std::string_view name, Comparison& comparison) {
  constexpr double kFirst = 1, kSecond = 2;
  if (degree < kFirst || degree > kSecond) {
    throw DataError(
        fmt::format("'{}' is {}, it must be 1 (the first is better), 2 (the second is) or between them", name, degree));
  }
  comparison.p = static_cast<float>(kSecond - degree);
  if (degree == (kFirst + kSecond) / 2) set_tie(comparison);
}

void compare_by_scores(std::span<const double> scores, Group& group) {
  for (size_t i = 0; i < scores.size(); ++i) {
    for (size_t j = i + 1; j < scores.size(); ++j) {
      Comparison comparison{.i = static_cast<int32_t>(i), .j = static_cast<int32_t>(j)};
      if (scores[i] < scores[j]) comparison.p = 0;
      if (scores[i] == scores[j]) set_tie(comparison);
      group.comparisons.push_back(comparison);
    }
  }
}

void compare_good_and_bad(size_t good_count, Group& group) {
  for (size_t good = 0; good < good_count; ++good) {
    for (size_t bad = good_count; bad < group.responses.size(); ++bad) {
      group.comparisons.push_back({.i = static_cast<int32_t>(good), .j = static_cast<int32_t>(bad)});
    }
  }
}

void apply_row_weight(const RowColumns& row, Group& group) {
  const float weight = weight_of(row);
  for (Comparison& comparison : group.comparisons) comparison.weight *= weight;
}

}  // namespace rondo::data
