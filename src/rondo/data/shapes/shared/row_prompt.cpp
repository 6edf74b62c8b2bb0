// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/shapes/shared/row_prompt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "rondo/base/error.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/transcript.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;
using Turns = std::vector<Message>;

// What a column says: turns, and what of it models without a chat template read. A plain text is a user's turn.
struct Said {
  std::string name;
  Turns turns;
  std::string text;
  bool is_plain = false;
};

std::string shown(const Message& turn) {
  constexpr size_t kShownBytes = 60;
  std::string content = turn.content;
  if (content.size() > kShownBytes) {
    size_t end = kShownBytes;
    while (end > 0 && (static_cast<unsigned char>(content[end]) & 0xC0) == 0x80) --end;
    content = content.substr(0, end) + "...";
  }
  return fmt::format("the {} turn {}", turn.role, json(content).dump());
}

// The keys in which two turns differ, role and content among them; a content of parts differs from a text.
std::vector<std::string> differing_keys(const Message& left, const Message& right) {
  std::vector<std::string> keys;
  if (left.role != right.role) keys.emplace_back("role");
  if (left.content != right.content) keys.emplace_back("content");
  if (left.extra_json == right.extra_json) return keys;
  // Without the order of keys: the same keys in another order are the same turn.
  const auto extra = [](const Message& m) {
    return m.extra_json.empty() ? nlohmann::json::object() : nlohmann::json::parse(m.extra_json);
  };
  const nlohmann::json of_left = extra(left), of_right = extra(right);
  for (const auto& [key, value] : of_left.items()) {
    if (!of_right.contains(key) || of_right[key] != value) keys.push_back(key);
  }
  for (const auto& [key, value] : of_right.items()) {
    if (!of_left.contains(key)) keys.push_back(key);
  }
  return keys;
}

bool is_same(const Message& left, const Message& right) { return left == right || differing_keys(left, right).empty(); }

bool is_same_range(const Turns& left, size_t left_begin, const Turns& right, size_t right_begin, size_t count) {
  for (size_t k = 0; k < count; ++k) {
    if (!is_same(left[left_begin + k], right[right_begin + k])) return false;
  }
  return true;
}

bool contains(const Turns& all, const Turns& part) {
  for (size_t at = 0; at + part.size() <= all.size(); ++at) {
    if (is_same_range(all, at, part, 0, part.size())) return true;
  }
  return false;
}

Said said_by_text(const std::string& name, std::string text, bool goes_on_from_transcript) {
  if (is_transcript(text)) return {.name = name, .turns = turns_of(text), .text = before_answer(text)};
  if (goes_on_from_transcript) return {.name = name, .turns = continuation_turns(text)};
  return {.name = name, .turns = {{.role = "assistant", .content = std::move(text), .extra_json = {}}}};
}

Said said_by_answer(const Column& answer, bool goes_on_from_transcript) {
  const json& value = *answer.value;
  if (value.is_null()) throw DataError(fmt::format("'{}' is null", answer.name));
  if (value.is_string() || value.is_number()) {
    return said_by_text(answer.name, text_of(value, answer.name), goes_on_from_transcript);
  }
  if (value.is_array() && value.size() == 1 && value[0].is_string()) {
    return said_by_answer({.name = answer.name, .value = &value[0]}, goes_on_from_transcript);
  }
  if (value.is_object()) return {.name = answer.name, .turns = {message_of(value)}};
  if (value.is_array()) return {.name = answer.name, .turns = messages_of(value, answer.name)};
  throw DataError(fmt::format("'{}' is {}, it must be a text, an assistant message or a conversation", answer.name,
                              value.type_name()));
}

std::optional<Said> said_by_prompt(const Column& prompt) {
  if (prompt.value == nullptr) return std::nullopt;
  // No prompt is written as the JSON of a list but `messages` of files that hold texts alone.
  const json value = prompt.name == "messages" ? structure_of(*prompt.value, prompt.name) : *prompt.value;
  if (value.is_array()) return Said{.name = prompt.name, .turns = messages_of(value, prompt.name)};
  if (value.is_object()) return Said{.name = prompt.name, .turns = {message_of(value)}};
  std::string text = text_of(value, prompt.name);
  if (is_transcript(text)) return Said{.name = prompt.name, .turns = prompt_turns(text), .text = prompt_text(text)};
  return Said{.name = prompt.name,
              .turns = {{.role = "user", .content = text, .extra_json = {}}},
              .text = std::move(text),
              .is_plain = true};
}

// Two conversations must be the same up to their last turns, the answers. Says why they are not.
void expect_shared_turns(const Said& first, const Said& other) {
  const Turns& a = first.turns;
  const Turns& b = other.turns;
  const size_t shorter = std::min(a.size(), b.size());
  size_t shared = 0;
  while (shared < shorter && is_same(a[shared], b[shared])) ++shared;
  if (a.size() == b.size() && shared + 1 >= a.size()) return;
  if (shared == shorter) {
    throw DataError(fmt::format("{} is the beginning of {}; each must end with an answer of its own",
                                a.size() == shorter ? first.name : other.name,
                                a.size() == shorter ? other.name : first.name));
  }
  const Said& longer = a.size() < b.size() ? other : first;
  if (shorter == 1 && longer.turns[0].role != "assistant") {
    throw DataError(fmt::format("{} is a whole conversation and {} an answer alone; give both in one form", longer.name,
                                a.size() < b.size() ? first.name : other.name));
  }
  const auto keys = differing_keys(a[shared], b[shared]);
  if (a[shared].role == b[shared].role && a[shared].content == b[shared].content) {
    throw DataError(
        fmt::format("turn {} of {} and {} differs in '{}' alone; leave out of the turns before the answers "
                    "what is not part of the text",
                    shared + 1, first.name, other.name, fmt::join(keys, "', '")));
  }
  const bool is_first = a.size() - shared != 1;
  throw DataError(
      fmt::format("{} has {} messages after the shared ones; it must have one answer: turn {} is {} in {} and {} in "
                  "{}",
                  is_first ? first.name : other.name, (is_first ? a : b).size() - shared, shared + 1, shown(a[shared]),
                  first.name, shown(b[shared]), other.name));
}

[[noreturn]] void disagree(const std::string& left, const std::string& right, const std::string& what) {
  throw DataError(fmt::format("'{}' and '{}' disagree: {}; keep one of the two", left, right, what));
}

// Says why a prompt column and conversations do not fit.
[[noreturn]] void turns_disagree(const Said& prompt, const Said& conversation, const Turns& head) {
  for (const Message& given : prompt.turns) {
    for (const Message& turn : head) {
      if (given.role != turn.role || given.content != turn.content || is_same(given, turn)) continue;
      disagree(prompt.name, conversation.name,
               fmt::format("{} differs in '{}' alone", shown(given), fmt::join(differing_keys(given, turn), "', '")));
    }
  }
  disagree(prompt.name, conversation.name,
           fmt::format("{} ends with {}, {} begins with {}", prompt.name, shown(prompt.turns.back()), conversation.name,
                       shown(head[0])));
}

// The turns before the answers, of a prompt column and of the conversations: each once.
Turns merged_turns(const Said& prompt, const Said& conversation, const Turns& head) {
  const Turns& given = prompt.turns;
  if (contains(head, given)) return head;
  for (size_t count = std::min(given.size(), head.size()); count > 0; --count) {
    if (!is_same_range(given, given.size() - count, head, 0, count)) continue;
    Turns turns = given;
    turns.insert(turns.end(), head.begin() + static_cast<std::ptrdiff_t>(count), head.end());
    return turns;
  }
  // The conversations may go on from the prompt, unless they begin anew.
  const std::string& next = head[0].role;
  const bool has_turns = std::any_of(given.begin(), given.end(), [](const Message& m) { return m.role != "system"; });
  const bool answers_twice = next == "assistant" && given.back().role == "assistant";
  if (next == "system" || answers_twice || (next == "user" && has_turns)) turns_disagree(prompt, conversation, head);
  Turns turns = given;
  turns.insert(turns.end(), head.begin(), head.end());
  return turns;
}

void set_turns(const Said& prompt, const Said* conversation, const Turns& head, Prompt& result) {
  result.is_plain = false;
  if (head.empty()) {
    result.messages = prompt.turns;
    result.text = prompt.text;
    return;
  }
  // A text may be any of the turns: files of many turns give the first, or the last.
  const auto says = [&](const Message& m) { return m.content == prompt.text; };
  const bool is_there = prompt.is_plain && (prompt.text.empty() || std::any_of(head.begin(), head.end(), says));
  result.messages = is_there ? head : merged_turns(prompt, *conversation, head);
  if (result.messages == head) result.text = conversation->text;
  if (!prompt.is_plain && !prompt.text.empty() && result.messages == prompt.turns) result.text = prompt.text;
}

// holder: the column that holds the conversation.
void add_system(const RowColumns& row, const std::string& holder, Prompt& prompt) {
  const json* const column = row.find({"system"});
  if (column == nullptr) return;
  const Message system{.role = "system", .content = text_of(*column, "system"), .extra_json = {}};
  if (system.content.empty()) return;
  if (prompt.is_plain) prompt.messages = {{.role = "user", .content = prompt.text, .extra_json = {}}};
  prompt.is_plain = false;
  for (const Message& turn : prompt.messages) {
    if (turn.role == system.role && turn.content == system.content) return;
  }
  if (prompt.messages.front().role == system.role) {
    disagree(
        "system", holder,
        fmt::format("system is {}, {} has {}", json(system.content).dump(), holder, shown(prompt.messages.front())));
  }
  prompt.text.clear();
  prompt.messages.insert(prompt.messages.begin(), system);
}

// A prompt column may hold the conversation of one of the answers to its end.
void drop_answer(const std::vector<Said>& answers, Said& prompt) {
  if (prompt.turns.size() < 2 || prompt.turns.back().role != "assistant") return;
  const bool is_answer = std::any_of(answers.begin(), answers.end(),
                                     [&](const Said& a) { return is_same(a.turns.back(), prompt.turns.back()); });
  if (!is_answer) return;
  prompt.turns.pop_back();
  if (!prompt.text.empty()) prompt.text = before_answer(prompt.text);
}

Prompt prompt_with(const RowColumns& row, std::optional<Said> given, const std::vector<Said>& answers) {
  const Turns head = answers.empty() ? Turns() : Turns(answers[0].turns.begin(), answers[0].turns.end() - 1);
  Prompt prompt;
  const bool is_given = given && (head.empty() || (!given->is_plain && given->turns.front().role == "system"));
  const std::string holder = is_given ? given->name : answers.empty() ? "" : answers[0].name;
  if (!given && head.empty()) {
    const std::string null = row.null_column(kPromptColumns);
    if (!null.empty()) throw DataError(fmt::format("there is no prompt: '{}' is null", null));
    throw DataError("there is no 'prompt'; name the column that holds it, as in `rename` question=prompt");
  }
  if (given && given->is_plain && head.empty()) {
    prompt.text = std::move(given->text);
  } else if (given) {
    drop_answer(answers, *given);
    set_turns(*given, answers.empty() ? nullptr : &answers[0], head, prompt);
  } else {
    prompt = {
        .is_plain = false, .text = answers[0].text, .messages = head, .tools_json = {}, .template_kwargs_json = {}};
  }
  add_system(row, holder, prompt);
  add_template_fields(row, prompt);
  return prompt;
}

}  // namespace

Column prompt_column(const RowColumns& row) {
  Column prompt = row.column(kPromptColumns);
  if (prompt.name != "instruction" && prompt.name != "question") return prompt;
  // Instruction files put half of the prompt into each of two columns; taking one would lose the other.
  const json* const input = row.find({"input"});
  if (input != nullptr && *input != "") {
    throw DataError("the prompt is spread over two columns, one of them 'input'; join them into 'prompt'");
  }
  return prompt;
}

void read_answers(const RowColumns& row, const Column& prompt, std::span<const Column> answers, Group& group) {
  if (answers.empty()) throw DataError("there is no answer");
  std::optional<Said> given = said_by_prompt(prompt);
  const bool is_transcript_prompt = given && !given->text.empty() && !given->is_plain;
  std::vector<Said> said;
  for (const Column& answer : answers) {
    said.push_back(said_by_answer(answer, is_transcript_prompt));
    expect_shared_turns(said.front(), said.back());
  }
  for (const Said& answer : said) {
    const Message& last = answer.turns.back();
    if (last.role != "assistant") {
      throw DataError(
          fmt::format("the answer in {} has the role '{}', it must be 'assistant'", answer.name, last.role));
    }
    group.responses.push_back(last);
  }
  group.prompt = prompt_with(row, std::move(given), said);
}

void read_answers(const RowColumns& row, std::span<const Column> answers, Group& group) {
  read_answers(row, prompt_column(row), answers, group);
}

void read_two_answers(const RowColumns& row, std::string_view first, std::string_view second, Group& group) {
  const Column answers[] = {{.name = std::string(first), .value = &row.at(first)},
                            {.name = std::string(second), .value = &row.at(second)}};
  read_answers(row, answers, group);
  expect_different(group, first, second);
}

Prompt prompt_of(const RowColumns& row) { return prompt_with(row, said_by_prompt(prompt_column(row)), {}); }

void expect_different(const Group& group, std::string_view first, std::string_view second) {
  if (group.responses[0] == group.responses[1]) throw DataError(fmt::format("{} and {} are equal", first, second));
}

}  // namespace rondo::data
