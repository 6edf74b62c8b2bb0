// SPDX-License-Identifier: Apache-2.0
// Dialogues in one text, "\n\nHuman: ...\n\nAssistant: ..." (HH-RLHF, arXiv:2204.05862; Nectar).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rondo/core/conversation.h"

namespace rondo::data {

/// Begins with the mark of a turn.
[[nodiscard]] bool is_transcript(std::string_view text);
/// Holds an assistant's turn somewhere, whatever it begins with.
[[nodiscard]] bool has_assistant_turn(std::string_view text);

/// The turns of a transcript, each without the blank behind its mark. Throws DataError where something stands before
/// the first.
[[nodiscard]] std::vector<Message> turns_of(std::string_view transcript);

/// The turns of an answer that goes on from a transcript behind its last "\n\nAssistant:".
[[nodiscard]] std::vector<Message> continuation_turns(std::string_view answer);

/// What a model without a chat template reads before the answer that ends a transcript: all up to its last
/// "\n\nAssistant:", that mark and a blank.
[[nodiscard]] std::string before_answer(std::string_view transcript);

/// The turns of a transcript that an answer follows, without the empty turn that it may end with.
[[nodiscard]] std::vector<Message> prompt_turns(std::string_view transcript);
/// What a model without a chat template reads of it: as it stands where it ends in the middle of an answer, elsewhere
/// with one "\n\nAssistant: " at the end.
[[nodiscard]] std::string prompt_text(std::string_view transcript);

}  // namespace rondo::data
