// SPDX-License-Identifier: Apache-2.0
// What row shapes share: numbers, texts, messages and labels. Every function throws DataError with the reason alone;
// the place is added where the row is counted.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/core/group.h"
#include "rondo/data/shapes/shared/row_columns.h"

namespace rondo::data {

/// A finite number. Text that is a number counts (CSV has nothing else).
[[nodiscard]] double number_of(const nlohmann::ordered_json& value, std::string_view name);
/// The number under `name` within [low, high], or `otherwise` where the key is absent.
[[nodiscard]] double number_or(const RowColumns& row, std::string_view name, double otherwise, double low, double high);
[[nodiscard]] std::string text_of(const nlohmann::ordered_json& value, std::string_view name);

/// The value itself, or what its text says where it is text that holds a list or an object (CSV, TRL's `tools`).
[[nodiscard]] nlohmann::ordered_json structure_of(const nlohmann::ordered_json& value, std::string_view name);

/// {"role", "content", ...}; the further keys, and content that is a list of parts, are kept as JSON text.
[[nodiscard]] Message message_of(const nlohmann::ordered_json& value);
[[nodiscard]] std::vector<Message> messages_of(const nlohmann::ordered_json& value, std::string_view name);
/// Adds `tools` and `chat_template_kwargs` of the row.
void add_template_fields(const RowColumns& row, Prompt& prompt);

/// Margins may be anything that a score may be.
inline constexpr double kMaxMargin = 1e6;
inline constexpr double kMaxWeight = 1e9;

/// `weight` and `margin` of a row that holds one comparison.
[[nodiscard]] Comparison comparison_of(const RowColumns& row);

/// What a verdict says of the first of two: a, model_a, response_a, left, ... Throws where the word is unknown, since
/// a typing error must not become a tie.
void set_verdict(std::string_view word, Comparison& comparison);
void set_tie(Comparison& comparison);
/// A degree from 1 (the first is better) to 2 (the second is): what is above 1 is the probability of the second,
/// halfway a tie. Throws outside.
void set_degree(double degree, std::string_view name, Comparison& comparison);

/// Every two responses by their scores, as many as there are responses: the higher wins, equal ones tie.
void compare_by_scores(std::span<const double> scores, Group& group);
/// Each of the first `good_count` responses wins over each of the others; among themselves neither are compared.
void compare_good_and_bad(size_t good_count, Group& group);
/// `weight` of the row counts for each of its comparisons.
void apply_row_weight(const RowColumns& row, Group& group);

}  // namespace rondo::data
