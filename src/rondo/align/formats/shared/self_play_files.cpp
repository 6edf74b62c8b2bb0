// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/formats/shared/self_play_files.h"

#include <fmt/format.h>

#include <deque>
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
  SelfPlayFiles(const FormatOptions& options, NumberTable (*table_of)(const Verdict&))
      : table_of_(table_of),
        folder_(options.out),
        has_responses_(options.has_responses),
        tables_(folder_ / "probabilities.json"),
        generated_(folder_ / "train.parquet"),
        pairs_(folder_ / "training" / "train.parquet") {}

  void write(const JudgedRow& judged) override {
    const Verdict& v = judged.verdict;
    if (size_ == 0) begin(v.size());
    if (v.size() != size_) {
      throw DataError(
          fmt::format("{} responses where the first row has {}: these files hold the same number for every "
                      "prompt; use `format` rondo, or sample the same number",
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
    for (size_t i = 0; i < responses_.size(); ++i) responses_[i].write(judged.group.responses[i].content);
    if (v.is_even()) return;
    const auto best = static_cast<size_t>(v.best), worst = static_cast<size_t>(v.worst);
    pairs_.write({{"chosen", conversation_json(judged.group, v.best)},
                  {"rejected", conversation_json(judged.group, v.worst)},
                  {"chosen_probs", table[best][worst]},
                  {"chosen_probs_win", row_mean(table[best])},
                  {"chosen_probs_lose", row_mean(table[worst])}});
  }

  void commit() override {
    for (io::JsonListWriter& list : responses_) list.commit();
    tables_.commit();
    generated_.commit();
    pairs_.commit();
  }

 private:
  // The first row says how many responses there are.
  void begin(int64_t size) {
    size_ = size;
    for (int64_t i = 0; has_responses_ && i < size; ++i)
      responses_.emplace_back(folder_ / fmt::format("responses_{}.json", i));
  }

  NumberTable (*table_of_)(const Verdict&);
  std::filesystem::path folder_;
  bool has_responses_;
  std::deque<io::JsonListWriter> responses_;
  io::JsonListWriter tables_;
  io::ParquetWriter generated_;
  io::ParquetWriter pairs_;
  int64_t size_ = 0;
};

}  // namespace

std::unique_ptr<FormatWriter> open_self_play_files(const FormatOptions& options, const SelfPlayTables& tables) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(options.out) / "training", error);
  if (error)
    throw ResourceError("cannot write: " + options.out + ": " + error.message() + "; name a folder that can be made");
  return std::make_unique<SelfPlayFiles>(options, options.is_published ? tables.published : tables.judged);
}

}  // namespace rondo::align::formats
