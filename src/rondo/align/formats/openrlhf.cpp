// SPDX-License-Identifier: Apache-2.0
// JSONL of OpenRLHF's iterative DPO: {"prompt", "chosen", "chosen_reward", "rejected", "rejected_reward"}. Rows without
// a preference have no pair and are left out.
#include "rondo/align/formats/shared/format.h"
#include "rondo/io/text_writer.h"

namespace rondo::align::formats {
namespace {

using Json = nlohmann::ordered_json;

class RewardedPairs : public FormatWriter {
 public:
  explicit RewardedPairs(const std::string& out) : writer_(out) {}

  void write(const JudgedRow& judged) override {
    const Verdict& v = judged.verdict;
    if (v.is_even()) return;
    const auto best = static_cast<size_t>(v.best), worst = static_cast<size_t>(v.worst);
    const Group& group = judged.group;
    const Json row{{"prompt", group.prompt.is_plain ? Json(group.prompt.text) : prompt_messages_json(group)},
                   {"chosen", group.responses[best].content},
                   {"chosen_reward", v.scalars()[best]},
                   {"rejected", group.responses[worst].content},
                   {"rejected_reward", v.scalars()[worst]}};
    writer_.write(row.dump() + "\n");
  }
  void commit() override { writer_.commit(); }

 private:
  io::TextWriter writer_;
};

std::unique_ptr<FormatWriter> open(const FormatOptions& options) {
  return std::make_unique<RewardedPairs>(options.out);
}

}  // namespace

constinit const FormatEntry openrlhf_entry{
    .name = "openrlhf",
    .summary = "JSONL: prompt, chosen, chosen_reward, rejected, rejected_reward (OpenRLHF)",
    .is_folder = false,
    .is_pairs = true,
    .open = &open,
};

}  // namespace rondo::align::formats
