// SPDX-License-Identifier: Apache-2.0
// Transcripts "\n\nHuman: ...\n\nAssistant: ..." under chosen and rejected. The prompt is what both begin with, up to
// the last "\n\nAssistant:" in it, as turns; the answers are what follows.
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_fields.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view kHuman = "\n\nHuman:";
constexpr std::string_view kAssistant = "\n\nAssistant:";

bool matches(const json& row) {
  const auto is_transcript = [](const json& value) {
    return value.is_string() && value.get_ref<const std::string&>().find(kAssistant) != std::string::npos;
  };
  return is_transcript(row["chosen"]) && is_transcript(row["rejected"]) && !find_prompt(row);
}

std::string without_first_space(std::string_view text) {
  return std::string(text.starts_with(' ') ? text.substr(1) : text);
}

std::vector<Message> turns_of(std::string_view text) {
  std::vector<Message> turns;
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

void read(const json& row, Group& group) {
  const auto& chosen = row["chosen"].get_ref<const std::string&>();
  const auto& rejected = row["rejected"].get_ref<const std::string&>();
  if (chosen == rejected) throw DataError("chosen and rejected are equal");
  const size_t shared = static_cast<size_t>(
      std::mismatch(chosen.begin(), chosen.end(), rejected.begin(), rejected.end()).first - chosen.begin());
  const size_t last = std::string_view(chosen).substr(0, shared).rfind(kAssistant);
  if (last == std::string_view::npos)
    throw DataError("chosen and rejected share no '\\n\\nAssistant:'; there is no common prompt");
  group.prompt.is_plain = false;
  group.prompt.messages = turns_of(std::string_view(chosen).substr(0, last));
  // As it stands, for models without a chat template.
  group.prompt.text = chosen.substr(0, last) + std::string(kAssistant) + " ";
  if (group.prompt.messages.empty()) throw DataError("nothing comes before the first '\\n\\nAssistant:'");
  add_template_fields(row, group.prompt);
  for (const std::string& transcript : {chosen, rejected}) {
    const std::string_view answer = std::string_view(transcript).substr(last + kAssistant.size());
    group.responses.push_back({.role = "assistant", .content = without_first_space(answer), .extra_json = {}});
  }
  if (group.responses[0] == group.responses[1]) throw DataError("chosen and rejected are equal");
  group.comparisons = {comparison_of(row)};
}

constexpr std::string_view kNeeds[] = {"chosen", "rejected"};

constexpr ShapeExample kExamples[] = {
    {R"({"chosen":"\n\nHuman: q\n\nAssistant: yes","rejected":"\n\nHuman: q\n\nAssistant: yes, and more"})",
     "yes|yes, and more; 0>1 p=1"},
    {R"({"chosen":"\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant: b","rejected":"\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant:"})",
     "b|; 0>1 p=1"},
};

}  // namespace

constinit const ShapeEntry dialogue_entry{
    .name = "dialogue",
    .summary = "chosen and rejected transcripts with Human: and Assistant: turns",
    .needs = kNeeds,
    .matches = &matches,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
