// SPDX-License-Identifier: Apache-2.0
// Rows of text files as the tokenizer and template verbs read them. Keys keep their order, because templates print
// dictionaries.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "rondo/text/chat_template.h"

namespace rondo::text {

/// Calls `visit` with every line of a JSONL file, plain or gzip, or of standard input ("-" or /dev/stdin).
/// Throws DataError, with the line, where a line is not a JSON object.
void for_each_line(const std::string& path, const std::function<void(const nlohmann::ordered_json&)>& visit);

/// {messages, tools, documents, kwargs, add_generation_prompt, bos_token, eos_token}; all but messages may be missing.
/// Throws DataError where `messages` is missing or a key has another type.
TemplateInput template_input(const nlohmann::ordered_json& row);

/// {"prompt": text | messages} or {"messages": ...}, with tools and chat_template_kwargs: a prompt for an encoder.
/// Throws DataError where there is neither.
Prompt prompt_of(const nlohmann::ordered_json& row);

/// {"role", "content", ...} or a plain text, as an assistant turn.
Message response_of(const nlohmann::ordered_json& value);

}  // namespace rondo::text
