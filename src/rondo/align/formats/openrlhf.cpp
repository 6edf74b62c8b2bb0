// SPDX-License-Identifier: Apache-2.0
// JSONL of OpenRLHF's iterative DPO: {"prompt", "chosen", "chosen_reward", "rejected", "rejected_reward"}. Rows without
// a preference have no pair and are left out.
#include "rondo/align/formats/shared/json_lines.h"

namespace rondo::align::formats {
namespace {

using Json = nlohmann::ordered_json;

Json rewarded_pair(const JudgedRow& judged, const FormatOptions&) {
  const Verdict& v = judged.verdict;
  if (v.is_even()) return nullptr;
  const auto best = static_cast<size_t>(v.best), worst = static_cast<size_t>(v.worst);
  const Group& group = judged.group;
  return {{"prompt", group.prompt.is_plain ? Json(group.prompt.text) : prompt_messages_json(group)},
          {"chosen", group.responses[best].content},
          {"chosen_reward", v.scalars()[best]},
          {"rejected", group.responses[worst].content},
          {"rejected_reward", v.scalars()[worst]}};
}

std::unique_ptr<FormatWriter> open(const FormatOptions& options) { return open_json_lines(options, &rewarded_pair); }

}  // namespace

constinit const FormatEntry openrlhf_entry{
    .name = "openrlhf",
    .summary = "JSONL: prompt, chosen, chosen_reward, rejected, rejected_reward (OpenRLHF)",
    .is_pairs = true,
    .open = &open,
};

}  // namespace rondo::align::formats
