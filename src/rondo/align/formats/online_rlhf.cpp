// SPDX-License-Identifier: Apache-2.0
// JSONL of Online-RLHF: {"prompt": messages, "responses": texts, "rewards": numbers}.
#include "rondo/align/formats/shared/format.h"
#include "rondo/io/text_writer.h"

namespace rondo::align::formats {
namespace {

class RewardedRows : public FormatWriter {
 public:
  explicit RewardedRows(const std::string& out) : writer_(out) {}

  void write(const JudgedRow& judged) override {
    nlohmann::ordered_json row{{"prompt", prompt_messages_json(judged.group)},
                               {"responses", nlohmann::ordered_json::array()},
                               {"rewards", judged.verdict.scalars()}};
    for (const Message& response : judged.group.responses) row["responses"].push_back(response.content);
    writer_.write(row.dump() + "\n");
  }
  void commit() override { writer_.commit(); }

 private:
  io::TextWriter writer_;
};

std::unique_ptr<FormatWriter> open(const FormatOptions& options) { return std::make_unique<RewardedRows>(options.out); }

}  // namespace

constinit const FormatEntry online_rlhf_entry{
    .name = "online_rlhf",
    .summary = "JSONL: prompt as messages, responses, rewards (Online-RLHF)",
    .is_folder = false,
    .is_pairs = false,
    .open = &open,
};

}  // namespace rondo::align::formats
