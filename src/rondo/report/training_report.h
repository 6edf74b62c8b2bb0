// SPDX-License-Identifier: Apache-2.0
// The page that a training run leaves behind.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace rondo::report {

/// Everything but the title may be empty; what is missing is left out of the page.
///   rows      lines of metrics.jsonl: objects with `step` and any of `loss`, `accuracy`, `lr`, `grad_norm`, and
///             held-out metrics under `eval`
///   held_out  what `rondo eval` writes for one model, or for several ("models", "differences")
///   manifest  flags, versions, hashes: shown as they are
struct TrainingReportInput {
  std::string title;
  std::vector<nlohmann::json> rows;
  const nlohmann::json& held_out;
  const nlohmann::json& manifest;
};

void write_training_report(const TrainingReportInput& input, const std::filesystem::path& path);

}  // namespace rondo::report
