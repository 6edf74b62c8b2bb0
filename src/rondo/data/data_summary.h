// SPDX-License-Identifier: Apache-2.0
// How large the groups of a store are and how long their texts.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "rondo/base/log.h"
#include "rondo/data/group_store.h"

namespace rondo::data {

struct Spread {
  int64_t min = 0;
  int64_t median = 0;
  int64_t p95 = 0;  // 95 of 100 are not larger
  int64_t max = 0;
  int64_t sum = 0;
};

struct DataSummary {
  Spread responses_per_group;
  Spread comparisons_per_group;
  Spread prompt_characters;  // all turns together
  Spread response_characters;
};

/// Order statistics (lower median); all zero where there are no values.
[[nodiscard]] Spread spread_of(std::vector<int64_t> values);

/// Unicode code points of well-formed UTF-8.
[[nodiscard]] int64_t character_count(std::string_view text);

/// Reads every group once; 8 bytes per response.
[[nodiscard]] DataSummary summarize(const GroupStore& store, const ProgressSink& progress);

}  // namespace rondo::data
