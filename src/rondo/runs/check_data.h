// SPDX-License-Identifier: Apache-2.0
// What data files hold, and which of their rows cannot be used.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rondo/data/data_summary.h"
#include "rondo/data/group_store.h"
#include "rondo/runs/run.h"

namespace rondo::runs {

struct CheckConfig {
  data::ReadOptions read;  // files, renames, unlabelled or not; max_bad is the caller's to apply
  std::string model;       // a model whose tokens are counted; "" = none
  std::string rejected;    // JSONL file for every rejected row; "" = none
};

struct CheckResult {
  std::vector<std::string> files;
  data::ReadReport report;
  data::DataSummary summary;
  std::optional<data::Spread> response_tokens;  // of whole sequences, prompt included: what a model's limit counts
  std::string content_hash;
};

/// Bad rows are counted, whatever their number.
CheckResult check_data(const CheckConfig& config, const Hooks& hooks);

nlohmann::ordered_json to_json(const CheckResult& result);

}  // namespace rondo::runs
