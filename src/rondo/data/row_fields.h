// SPDX-License-Identifier: Apache-2.0
// What row shapes share: finding a key under its usual names, numbers, texts and messages. Every function throws
// DataError with the reason alone; the place is added where the row is counted.
#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/core/group.h"

namespace rondo::data {

/// The value of the first of these keys that the row has; null counts as absent. nullptr where there is none.
[[nodiscard]] const nlohmann::ordered_json* find_key(const nlohmann::ordered_json& row,
                                                     std::initializer_list<std::string_view> names);

/// A finite number. Text that is a number counts (CSV has nothing else).
[[nodiscard]] double number_of(const nlohmann::ordered_json& value, std::string_view name);
/// The number under `name` within [low, high], or `otherwise` where the key is absent.
[[nodiscard]] double number_or(const nlohmann::ordered_json& row, std::string_view name, double otherwise, double low,
                               double high);
[[nodiscard]] std::string text_of(const nlohmann::ordered_json& value, std::string_view name);

/// The value itself, or what its text says where it is text that holds a list or an object (CSV, TRL's `tools`).
[[nodiscard]] nlohmann::ordered_json structure_of(const nlohmann::ordered_json& value, std::string_view name);

/// {"role", "content", ...}; the further keys, and content that is a list of parts, are kept as JSON text.
[[nodiscard]] Message message_of(const nlohmann::ordered_json& value);
[[nodiscard]] std::vector<Message> messages_of(const nlohmann::ordered_json& value, std::string_view name);
/// An assistant turn from a text, a message, or a list of one message.
[[nodiscard]] Message response_of(const nlohmann::ordered_json& value, std::string_view name);

/// The prompt of a row: text or messages under one of the usual names, with `system`, `tools` and
/// `chat_template_kwargs`; nothing where there is none.
[[nodiscard]] std::optional<Prompt> find_prompt(const nlohmann::ordered_json& row);
/// The same; throws where there is none.
[[nodiscard]] Prompt prompt_of(const nlohmann::ordered_json& row);
/// Adds `tools` and `chat_template_kwargs` of the row.
void add_template_fields(const nlohmann::ordered_json& row, Prompt& prompt);

/// Margins may be anything that a score may be.
inline constexpr double kMaxMargin = 1e6;
inline constexpr double kMaxWeight = 1e9;

/// `weight` and `margin` of a row that holds one comparison.
[[nodiscard]] Comparison comparison_of(const nlohmann::ordered_json& row);

/// What a verdict says of the first of two: a, model_a, response_a, left, ... Throws where the word is unknown, since
/// a typing error must not become a tie.
void set_verdict(std::string_view word, Comparison& comparison);
void set_tie(Comparison& comparison);

}  // namespace rondo::data
