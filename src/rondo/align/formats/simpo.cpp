// SPDX-License-Identifier: Apache-2.0
// The files of SimPO (arXiv:2405.14734): all_outputs_rm.json with all_rm_scores beside the responses, and
// all_outputs_bin.json with chosen and rejected conversations added. Rows without a preference have no pair and stay
// out of the second.
#include <filesystem>

#include "rondo/align/formats/shared/format.h"
#include "rondo/base/error.h"
#include "rondo/io/json_list_writer.h"

namespace rondo::align::formats {
namespace {

using Json = nlohmann::ordered_json;

class SimpoFiles : public FormatWriter {
 public:
  explicit SimpoFiles(const std::filesystem::path& folder)
      : scored_(folder / "all_outputs_rm.json"), pairs_(folder / "all_outputs_bin.json") {}

  void write(const JudgedRow& judged) override {
    Json row;
    row["prompt"] = judged.group.prompt.is_plain ? Json(judged.group.prompt.text) : prompt_messages_json(judged.group);
    row["all_generated_responses"] = Json::array();
    for (const Message& response : judged.group.responses) row["all_generated_responses"].push_back(response.content);
    row["all_rm_scores"] = judged.verdict.scalars();
    scored_.write(row);
    if (judged.verdict.is_even()) return;
    row["chosen"] = conversation_json(judged.group, judged.verdict.best);
    row["rejected"] = conversation_json(judged.group, judged.verdict.worst);
    pairs_.write(row);
  }

  void commit() override {
    scored_.commit();
    pairs_.commit();
  }

 private:
  io::JsonListWriter scored_;
  io::JsonListWriter pairs_;
};

std::unique_ptr<FormatWriter> open(const FormatOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error)
    throw ResourceError("cannot write: " + options.out + ": " + error.message() + "; name a folder that can be made");
  return std::make_unique<SimpoFiles>(options.out);
}

}  // namespace

constinit const FormatEntry simpo_entry{
    .name = "simpo",
    .summary = "folder with all_outputs_rm.json and all_outputs_bin.json (SimPO)",
    .is_folder = true,
    .is_pairs = true,
    .open = &open,
};

}  // namespace rondo::align::formats
