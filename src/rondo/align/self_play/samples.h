// SPDX-License-Identifier: Apache-2.0
// Prompts of a policy and the responses that it gave, in memory and as rows of a file.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rondo/core/conversation.h"
#include "rondo/core/token_group.h"
#include "rondo/generate/generator.h"

namespace rondo::align {

/// A prompt as rows of samples have it, as a judge reads it, and as the policy's tokens.
struct PolicyPrompt {
  nlohmann::ordered_json row;
  Prompt prompt;
  std::vector<int32_t> ids;
};

/// Throws DataError where a row is no prompt or the file has none.
std::vector<PolicyPrompt> read_prompts(const std::string& path, const text::TextEncoder& encoder);

/// By prompt, then by response.
using Samples = std::vector<std::vector<generate::GeneratedResponse>>;

/// The row of a prompt and its responses, ids among them, without a line end.
std::string sample_line(const PolicyPrompt& prompt, const std::vector<generate::GeneratedResponse>& responses);
/// Atomic: the file is there in full or not at all.
void write_samples(const std::filesystem::path& path, const std::vector<PolicyPrompt>& prompts, const Samples& samples);
/// Throws DataError where the file does not hold samples of so many prompts.
Samples read_samples(const std::filesystem::path& path, size_t prompts);

/// The tokens of a prompt and its responses, as the policy saw them.
std::vector<TokenGroup> policy_groups(const std::vector<PolicyPrompt>& prompts, const Samples& samples);

}  // namespace rondo::align
