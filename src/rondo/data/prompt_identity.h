// SPDX-License-Identifier: Apache-2.0
// When two prompts are the same prompt, and two responses the same response.
#pragma once

#include <cstdint>
#include <string_view>

#include "rondo/base/hash.h"
#include "rondo/core/conversation.h"

namespace rondo::data {

/// The hash of the prompt as a conversation: turns (system turn included), tools and template arguments. A plain prompt
/// counts as one user turn.
[[nodiscard]] Hash128 prompt_identity(const Prompt& prompt);

/// The hash of role, content and further keys.
[[nodiscard]] Hash128 response_identity(const Message& response);

/// The identity inside one source.
[[nodiscard]] Hash128 group_identity(const Hash128& prompt, std::string_view source);

struct HashOfHash {
  size_t operator()(const Hash128& hash) const { return static_cast<size_t>(hash[0]); }
};

}  // namespace rondo::data
