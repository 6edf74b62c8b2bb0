// SPDX-License-Identifier: Apache-2.0
// JSONL: the row as it was read, every key kept, and what the judge said of its responses, in their order. A key that
// the row had from an earlier judge is replaced; numbers keep their digits.
#include "rondo/align/formats/shared/json_lines.h"

namespace rondo::align::formats {
namespace {

nlohmann::ordered_json judged_row(const JudgedRow& judged, const FormatOptions& options) {
  nlohmann::ordered_json row = judged.row;
  const Verdict& v = judged.verdict;
  row["mean_scores"] = v.mean_scores;
  row["mean_log_odds"] = v.mean_log_odds;
  row["mean_probabilities"] = v.mean_probabilities;
  row.erase("rewards");
  if (!v.rewards.empty()) row["rewards"] = v.rewards;
  if (options.has_scores) row["scores"] = v.scores;
  row["probabilities"] = v.probabilities;
  row["best"] = v.best;
  row["worst"] = v.worst;
  return row;
}

std::unique_ptr<FormatWriter> open(const FormatOptions& options) {
  return open_json_lines(options, &judged_row, /*has_digits=*/true);
}

}  // namespace

constinit const FormatEntry rondo_entry{
    .name = "rondo",
    .summary = "JSONL: each row as it was, with the judge's numbers",
    .open = &open,
};

}  // namespace rondo::align::formats
