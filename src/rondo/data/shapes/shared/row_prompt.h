// SPDX-License-Identifier: Apache-2.0
// The one place that decides what of a row is prompt and what is answer, for every shape: a prompt column, a `system`
// column, answers that are texts, messages, whole conversations or transcripts. Each turn is read once; columns that
// contradict each other are a DataError that names both (docs/data.md).
#pragma once

#include <span>

#include "rondo/core/group.h"
#include "rondo/data/shapes/shared/row_columns.h"

namespace rondo::data {

/// The usual names of a prompt column; the first that holds something is the prompt.
inline constexpr std::string_view kPromptColumns[] = {"prompt", "messages", "instruction", "question", "input"};

/// The column that holds the prompt under one of its usual names. No value where there is none. Throws DataError where
/// a prompt is spread over two columns.
[[nodiscard]] Column prompt_column(const RowColumns& row);

/// Fills the prompt and the responses of a group from the columns of a row; `answers` in their order. Throws DataError
/// where there is no prompt, where conversations part before their last turn, or where two columns disagree.
void read_answers(const RowColumns& row, const Column& prompt, std::span<const Column> answers, Group& group);
/// The same with the usual prompt column.
void read_answers(const RowColumns& row, std::span<const Column> answers, Group& group);
/// The same for exactly two answers under these names, which must be there and differ.
void read_two_answers(const RowColumns& row, std::string_view first, std::string_view second, Group& group);

/// The prompt of a row without answers.
[[nodiscard]] Prompt prompt_of(const RowColumns& row);

/// Throws DataError where the first two responses are the same.
void expect_different(const Group& group, std::string_view first, std::string_view second);

}  // namespace rondo::data
