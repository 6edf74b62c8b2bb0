// SPDX-License-Identifier: Apache-2.0
// JSONL: the row as it was read, every key kept, and what the judge said of its responses, in their order. A key that
// the row had from an earlier judge is replaced.
#include "rondo/align/formats/shared/format.h"
#include "rondo/io/text_writer.h"

namespace rondo::align::formats {
namespace {

class RowsWriter : public FormatWriter {
 public:
  explicit RowsWriter(const FormatOptions& options) : has_scores_(options.has_scores), writer_(options.out) {}

  void write(const JudgedRow& judged) override {
    nlohmann::ordered_json row = judged.row;
    const Verdict& v = judged.verdict;
    row["mean_scores"] = v.mean_scores;
    row["mean_log_odds"] = v.mean_log_odds;
    row["mean_probabilities"] = v.mean_probabilities;
    row.erase("rewards");
    if (!v.rewards.empty()) row["rewards"] = v.rewards;
    if (has_scores_) row["scores"] = v.scores;
    row["probabilities"] = v.probabilities;
    row["best"] = v.best;
    row["worst"] = v.worst;
    writer_.write(row.dump() + "\n");
  }
  void commit() override { writer_.commit(); }

 private:
  bool has_scores_;
  io::TextWriter writer_;
};

std::unique_ptr<FormatWriter> open(const FormatOptions& options) { return std::make_unique<RowsWriter>(options); }

}  // namespace

constinit const FormatEntry rondo_entry{
    .name = "rondo",
    .summary = "JSONL: each row as it was, with the judge's numbers",
    .is_folder = false,
    .is_pairs = false,
    .open = &open,
};

}  // namespace rondo::align::formats
