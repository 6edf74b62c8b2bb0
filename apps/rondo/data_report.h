// SPDX-License-Identifier: Apache-2.0
// What `rondo data check` found, as text and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rondo/data/data_summary.h"
#include "rondo/data/group_store.h"

namespace rondo::cli {

struct CheckResult {
  std::vector<std::string> files;
  data::ReadReport report;
  data::DataSummary summary;
  std::optional<data::Spread> response_tokens;
  std::string content_hash;
};

[[nodiscard]] std::string check_text(const CheckResult& result);
[[nodiscard]] nlohmann::ordered_json check_json(const CheckResult& result);

/// "12,345".
[[nodiscard]] std::string with_commas(int64_t number);

}  // namespace rondo::cli
