// SPDX-License-Identifier: Apache-2.0
// JSONL of Online-RLHF: {"prompt": messages, "responses": texts, "rewards": numbers}.
#include "rondo/align/formats/shared/json_lines.h"

namespace rondo::align::formats {
namespace {

nlohmann::ordered_json rewarded_row(const JudgedRow& judged, const FormatOptions&) {
  nlohmann::ordered_json row{{"prompt", prompt_messages_json(judged.group)},
                             {"responses", nlohmann::ordered_json::array()},
                             {"rewards", judged.verdict.scalars()}};
  for (const Message& response : judged.group.responses) row["responses"].push_back(response.content);
  return row;
}

std::unique_ptr<FormatWriter> open(const FormatOptions& options) { return open_json_lines(options, &rewarded_row); }

}  // namespace

constinit const FormatEntry online_rlhf_entry{
    .name = "online_rlhf",
    .summary = "JSONL: prompt as messages, responses, rewards (Online-RLHF)",
    .open = &open,
};

}  // namespace rondo::align::formats
