// SPDX-License-Identifier: Apache-2.0
// Prompts and sampled responses as rows of JSONL files.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/generate/generator.h"

namespace rondo::generate {

/// {id, prompt | messages, tools, chat_template_kwargs} of the prompt's row, then `responses`, `tokens`,
/// `finish_reasons`, and on request `response_ids`.
nlohmann::ordered_json response_row(const nlohmann::ordered_json& prompt_row,
                                    const std::vector<GeneratedResponse>& responses, bool with_ids);

/// The responses of a row that was written with ids. Throws DataError where a part is missing.
std::vector<GeneratedResponse> responses_of(const nlohmann::ordered_json& row);

}  // namespace rondo::generate
