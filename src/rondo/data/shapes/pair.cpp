// SPDX-License-Identifier: Apache-2.0
// One preferred and one rejected answer: TRL standard and conversational with explicit or implicit prompt, OpenRLHF
// (`input`), and the files of the GPM reference (`instruction`, `reject`, answers nested under `response`).
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_fields.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

const json& unwrap(const json& answer) {
  const json* const inner = answer.is_object() && !answer.contains("role") ? find_key(answer, {"response"}) : nullptr;
  return inner == nullptr ? answer : *inner;
}

bool starts_with(const std::vector<Message>& messages, const std::vector<Message>& head) {
  return messages.size() >= head.size() && std::equal(head.begin(), head.end(), messages.begin());
}

void drop_front(std::vector<Message>& messages, size_t count) {
  messages.erase(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(count));
}

// The messages before the answers: what both begin with. Both equal, or one the beginning of the other, has no answer
// to compare, whatever a common prefix would make of it.
std::vector<Message> shared_messages(const std::vector<Message>& chosen, const std::vector<Message>& rejected) {
  const auto [end, unused] = std::mismatch(chosen.begin(), chosen.end(), rejected.begin(), rejected.end());
  const auto count = static_cast<size_t>(end - chosen.begin());
  if (chosen.size() == count && rejected.size() == count) throw DataError("chosen and rejected are equal");
  if (chosen.size() == count || rejected.size() == count) {
    throw DataError(fmt::format("{} is the beginning of {}; each must end with an answer of its own",
                                chosen.size() == count ? "chosen" : "rejected",
                                chosen.size() == count ? "rejected" : "chosen"));
  }
  return {chosen.begin(), end};
}

Message only_answer(const std::vector<Message>& messages, const char* name) {
  if (messages.size() != 1) {
    throw DataError(
        fmt::format("{} has {} messages after the shared ones; it must have one answer", name, messages.size()));
  }
  if (messages[0].role != "assistant") {
    throw DataError(fmt::format("the answer in {} has the role '{}', it must be 'assistant'", name, messages[0].role));
  }
  return messages[0];
}

void set_prompt(const json& row, std::vector<Message> shared, Group& group) {
  auto given = find_prompt(row);
  Prompt& prompt = group.prompt;
  if (!given && shared.empty()) throw DataError("no prompt: chosen and rejected share no message");
  if (given && !given->is_plain) {
    // `prompt` holds the turns; `chosen` may repeat them or go on from them.
    if (!starts_with(shared, given->messages)) {
      shared.insert(shared.begin(), given->messages.begin(), given->messages.end());
    }
  } else if (given && shared.empty()) {
    prompt = *std::move(given);
    return;
  } else if (given &&
             std::none_of(shared.begin(), shared.end(), [&](const Message& m) { return m.content == given->text; })) {
    throw DataError("'prompt' and the messages before the answers disagree; drop one of the two");
  }
  prompt.is_plain = false;
  prompt.messages = std::move(shared);
  add_template_fields(row, prompt);
}

void read_conversations(const json& row, const json& first, const json& second, Group& group) {
  std::vector<Message> chosen = messages_of(first, "chosen");
  std::vector<Message> rejected = messages_of(second, "rejected");
  std::vector<Message> shared = shared_messages(chosen, rejected);
  drop_front(chosen, shared.size());
  drop_front(rejected, shared.size());
  group.responses = {only_answer(chosen, "chosen"), only_answer(rejected, "rejected")};
  set_prompt(row, std::move(shared), group);
}

void read(const json& row, Group& group) {
  const json& chosen = unwrap(*find_key(row, {"chosen"}));
  const json& rejected = unwrap(*find_key(row, {"rejected", "reject"}));
  if (chosen.is_array() != rejected.is_array())
    throw DataError("one of chosen and rejected is a text, the other a list");
  // The reference's label column is 0 throughout; another value would turn the pair round without a word.
  const json* const label = row.contains("reject") ? find_key(row, {"label"}) : nullptr;
  if (label != nullptr && number_of(*label, "label") != 0) {
    throw DataError("'label' beside 'reject' must be 0; swap chosen and reject instead");
  }
  if (chosen.is_array()) {
    read_conversations(row, chosen, rejected, group);
  } else {
    group.prompt = prompt_of(row);
    group.responses = {response_of(chosen, "chosen"), response_of(rejected, "rejected")};
  }
  if (group.responses[0] == group.responses[1]) throw DataError("chosen and rejected are equal");
  group.comparisons = {comparison_of(row)};
}

constexpr std::string_view kNeeds[] = {"chosen", "rejected|reject"};

constexpr ShapeExample kExamples[] = {
    {R"({"prompt":"Name a prime.","chosen":"7","rejected":"9","margin":0.5})", "7|9; 0>1 p=1 margin=0.5"},
    {R"({"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"7"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"9"}]})",
     "7|9; 0>1 p=1"},
    {R"({"prompt":[{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"7"}],"rejected":[{"role":"assistant","content":"9"}],"weight":"2"})",
     "7|9; 0>1 p=1 weight=2"},
    {R"({"instruction":"Pick a letter.","chosen":"A","reject":"B","label":0})", "A|B; 0>1 p=1"},
    {R"({"instruction":"Pick.","chosen":{"response":"A"},"reject":{"response":"B"}})", "A|B; 0>1 p=1"},
    {R"({"input":"q","chosen":"7","rejected":"7 or 9"})", "7|7 or 9; 0>1 p=1"},
    {R"({"prompt":"q","chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"7"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"9"}]})",
     "7|9; 0>1 p=1"},
};

}  // namespace

constinit const ShapeEntry pair_entry{
    .name = "pair",
    .summary = "prompt, chosen and rejected, or chosen and rejected conversations",
    .needs = kNeeds,
    .matches = nullptr,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
