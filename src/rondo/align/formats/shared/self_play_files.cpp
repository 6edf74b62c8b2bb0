// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/formats/shared/self_play_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <numeric>

#include "rondo/base/error.h"
#include "rondo/io/json_list_writer.h"
#include "rondo/io/parquet_writer.h"

namespace rondo::align::formats {
namespace {

using Json = nlohmann::ordered_json;

double row_mean(const std::vector<double>& row) {
  return std::accumulate(row.begin(), row.end(), 0.0) / static_cast<double>(row.size());
}

class SelfPlayFiles : public FormatWriter {
 public:
  SelfPlayFiles(const std::filesystem::path& folder, NumberTable (*table_of)(const Verdict&))
      : table_of_(table_of),
        tables_(folder / "probabilities.json"),
        generated_(folder / "train.parquet"),
        pairs_(folder / "training" / "train.parquet") {}

  void write(const JudgedRow& judged) override {
    const Verdict& v = judged.verdict;
    if (size_ == 0) size_ = v.size();
    if (v.size() != size_) {
      throw DataError(
          fmt::format("{} responses where the first row has {}: these files hold the same number for every "
                      "prompt; use --format rondo, or sample the same number",
                      v.size(), size_));
    }
    const NumberTable table = table_of_(v);
    tables_.write(table);
    Json generated{
        {"prompt", judged.group.prompt.is_plain ? Json(judged.group.prompt.text) : prompt_messages_json(judged.group)}};
    for (int64_t i = 0; i < size_; ++i) generated[fmt::format("generate_{}", i)] = conversation_json(judged.group, i);
    generated["probability"] = table;
    generated["rm_scores"] = v.mean_log_odds;
    generated_.write(generated);
    if (v.is_even()) return;
    const auto best = static_cast<size_t>(v.best), worst = static_cast<size_t>(v.worst);
    pairs_.write({{"chosen", conversation_json(judged.group, v.best)},
                  {"rejected", conversation_json(judged.group, v.worst)},
                  {"chosen_probs", table[best][worst]},
                  {"chosen_probs_win", row_mean(table[best])},
                  {"chosen_probs_lose", row_mean(table[worst])}});
  }

  void commit() override {
    tables_.commit();
    generated_.commit();
    pairs_.commit();
  }

 private:
  NumberTable (*table_of_)(const Verdict&);
  io::JsonListWriter tables_;
  io::ParquetWriter generated_;
  io::ParquetWriter pairs_;
  int64_t size_ = 0;
};

}  // namespace

std::unique_ptr<FormatWriter> open_self_play_files(const std::string& folder,
                                                   NumberTable (*table_of)(const Verdict& verdict)) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(folder) / "training", error);
  if (error)
    throw ResourceError("cannot write: " + folder + ": " + error.message() + "; name a folder that can be made");
  return std::make_unique<SelfPlayFiles>(folder, table_of);
}

}  // namespace rondo::align::formats
