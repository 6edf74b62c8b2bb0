// SPDX-License-Identifier: Apache-2.0
// A response's encoding for people.
#pragma once

#include "rondo/text/text_encoder.h"

namespace rondo::cli {

/// Prints the policy, the rendered text, one line per token (position, id, part, characters, piece), where scores are
/// read, and what looks wrong.
void explain_response(const text::TextEncoder& encoder, const Prompt& prompt, const Message& response);

}  // namespace rondo::cli
