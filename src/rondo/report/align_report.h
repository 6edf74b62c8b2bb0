// SPDX-License-Identifier: Apache-2.0
// The page of an alignment run: win rates, what the policy became, what the judge thinks, warnings.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rondo::report {

struct AlignReportInput {
  std::string title;
  /// manifest.json of every iteration, in order.
  std::vector<nlohmann::json> iterations;
  /// run.json: how it was made.
  nlohmann::json manifest;
};

/// What a reader should be warned of, as sentences: length growth, a judge and a referee that drift apart, collapse.
std::vector<std::string> align_warnings(const std::vector<nlohmann::json>& iterations);

void write_align_report(const AlignReportInput& input, const std::filesystem::path& path);

}  // namespace rondo::report
