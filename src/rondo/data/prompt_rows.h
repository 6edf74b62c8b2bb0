// SPDX-License-Identifier: Apache-2.0
// Rows of files where a prompt is wanted and labels are not: by those who sample, and by those who look. They are read
// by the rules of the row shapes, so that a prompt is the same text to a policy and to its judge.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "rondo/core/group.h"
#include "rondo/io/row_reader.h"
#include "rondo/text/chat_template.h"

namespace rondo::data {

/// Calls `visit` with every row of a file, a folder or standard input ("-"), in any format that rows are read in.
/// Throws DataError with file and row where one is malformed, or where `visit` throws it.
void for_each_row(const std::string& path, const std::function<void(const nlohmann::ordered_json&)>& visit);

/// Prompt and responses of a row of any shape; of a row without one, its prompt or messages and no response. Throws
/// DataError where there is no prompt.
[[nodiscard]] Group unlabelled_row(const nlohmann::ordered_json& row);

/// What a chat template is given, word for word: {messages, tools, documents, kwargs, add_generation_prompt, bos_token,
/// eos_token}; all but messages may be missing. Throws DataError where `messages` is missing or a key has another type.
[[nodiscard]] text::TemplateInput template_input(const nlohmann::ordered_json& row);

}  // namespace rondo::data
