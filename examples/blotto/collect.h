// SPDX-License-Identifier: Apache-2.0
// Brings the files of one example run together: the figures (metrics.json) and the story that `rondo report` turns
// into a page (story.json).
//
// A run folder holds, for every seed S and head H: eval-sS.json (`rondo eval` of the heads in order),
// H-sS/metrics.jsonl (the training log), and where they were made: far-sS.json (the same without test plans near a
// training plan), baseline.json, cycle.jsonl with cycle-H.jsonl (`rondo rank`), duel.jsonl with duel-ranked.jsonl,
// rules.json and rules-wrong.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

namespace blotto {

struct RunFolder {
  std::filesystem::path folder;
  std::vector<std::string> heads;
  std::vector<int64_t> seeds;
  double seconds = 0;  // of the whole run
  std::string title;
  std::string lead;
};

/// {"heads", "differences", "baselines", "seconds", "seeds"}. Every figure is the mean over seeds; its bounds hold the
/// uncertainty of the test data (mean of the seeds' bootstrap bounds) and of the seeds (Student's t), added in squares.
nlohmann::ordered_json collect_metrics(const RunFolder& run);

/// See rondo/report/comparison_report.h.
nlohmann::ordered_json collect_story(const RunFolder& run, const nlohmann::ordered_json& metrics);

/// KEY, KEY_low and KEY_high over the seeds' objects; nothing where a seed lacks the figure.
void add_mean(nlohmann::ordered_json& target, std::span<const nlohmann::json> seeds, const std::string& key);

}  // namespace blotto
