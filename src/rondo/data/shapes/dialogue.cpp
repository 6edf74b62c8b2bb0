// SPDX-License-Identifier: Apache-2.0
// Transcripts "\n\nHuman: ...\n\nAssistant: ..." under chosen and rejected (HH-RLHF, arXiv:2204.05862): conversations
// in one text, read as if they were lists of messages.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/shapes/shared/row_fields.h"
#include "rondo/data/shapes/shared/row_prompt.h"
#include "rondo/data/shapes/shared/transcript.h"

namespace rondo::data {
namespace {

using json = nlohmann::ordered_json;

bool matches(const json& row) {
  const auto text = [&row](const char* name) -> std::string_view {
    return row[name].is_string() ? std::string_view(row[name].get_ref<const std::string&>()) : std::string_view();
  };
  const std::string_view chosen = text("chosen"), rejected = text("rejected");
  if (is_transcript(chosen) && is_transcript(rejected)) return true;
  const bool has_prompt = RowColumns(row).column(kPromptColumns).value != nullptr;
  return !has_prompt && has_assistant_turn(chosen) && has_assistant_turn(rejected);
}

void read(const RowColumns& row, Group& group) {
  for (const char* name : {"chosen", "rejected"}) {
    if (!is_transcript(text_of(row.at(name), name)))
      throw DataError(fmt::format("the transcript in {} does not begin with '\\n\\nHuman:'", name));
  }
  read_two_answers(row, "chosen", "rejected", group);
  group.comparisons = {comparison_of(row)};
}

constexpr std::string_view kNeeds[] = {"chosen", "rejected"};

constexpr ShapeExample kExamples[] = {
    {R"({"chosen":"\n\nHuman: q\n\nAssistant: yes","rejected":"\n\nHuman: q\n\nAssistant: yes, and more"})",
     "yes|yes, and more; 0>1 p=1"},
    {R"({"chosen":"\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant: b","rejected":"\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant:"})",
     "b|; 0>1 p=1"},
    {R"({"prompt":"\n\nHuman: q\n\nAssistant:","chosen":"\n\nHuman: q\n\nAssistant: a","rejected":"\n\nHuman: q\n\nAssistant: b"})",
     "a|b; 0>1 p=1"},
};

}  // namespace

constinit const ShapeEntry dialogue_entry{
    .name = "dialogue",
    .summary = "chosen and rejected transcripts with Human: and Assistant: turns (HH-RLHF)",
    .label = "the last turn of chosen is better than that of rejected",
    .needs = kNeeds,
    .matches = &matches,
    .read = &read,
    .examples = kExamples,
};

}  // namespace rondo::data
