// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/shapes/shared/transcript.h"

#include <algorithm>

#include "rondo/base/error.h"

namespace rondo::data {
namespace {

constexpr std::string_view kHuman = "\n\nHuman:";
constexpr std::string_view kAssistant = "\n\nAssistant:";

std::string without_first_space(std::string_view text) {
  return std::string(text.starts_with(' ') ? text.substr(1) : text);
}

// An assistant's turn that has yet to be written.
bool is_open(const Message& turn) {
  return turn.role == "assistant" && turn.content.find_first_not_of(" \n") == std::string::npos;
}

}  // namespace

bool is_transcript(std::string_view text) { return text.starts_with(kHuman) || text.starts_with(kAssistant); }

bool has_assistant_turn(std::string_view text) { return text.find(kAssistant) != std::string_view::npos; }

std::vector<Message> turns_of(std::string_view transcript) {
  std::vector<Message> turns;
  std::string_view text = transcript;
  while (!text.empty()) {
    const bool human = text.starts_with(kHuman);
    if (!human && !text.starts_with(kAssistant)) throw DataError("the transcript does not begin with '\\n\\nHuman:'");
    text.remove_prefix(human ? kHuman.size() : kAssistant.size());
    const size_t end = std::min({text.find(kHuman), text.find(kAssistant), text.size()});
    turns.push_back(
        {.role = human ? "user" : "assistant", .content = without_first_space(text.substr(0, end)), .extra_json = {}});
    text.remove_prefix(end);
  }
  return turns;
}

std::vector<Message> continuation_turns(std::string_view answer) {
  return turns_of(std::string(kAssistant).append(answer));
}

std::string before_answer(std::string_view transcript) {
  return std::string(transcript.substr(0, transcript.rfind(kAssistant))).append(kAssistant).append(" ");
}

std::vector<Message> prompt_turns(std::string_view transcript) {
  std::vector<Message> turns = turns_of(transcript);
  if (turns.size() > 1 && is_open(turns.back())) turns.pop_back();
  return turns;
}

std::string prompt_text(std::string_view transcript) {
  const Message last = turns_of(transcript).back();
  if (is_open(last)) return before_answer(transcript);
  return std::string(transcript).append(last.role == "user" ? std::string(kAssistant) + " " : "");
}

}  // namespace rondo::data
