// SPDX-License-Identifier: Apache-2.0
// Human plans from castle-solutions*.csv (FiveThirtyEight's Riddler): ten numbers and a free text per record.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "examples/blotto/game.h"

namespace blotto {

/// The distinct plans of the files in the order of their first appearance. A record whose numbers do not sum to
/// `soldiers` is a DataError that names file and record.
std::vector<Plan> read_riddler_files(const std::vector<std::string>& paths, int castles, int soldiers);

struct Split {
  std::vector<Plan> train;
  std::vector<Plan> test;
};

/// Test plans are the `test_count` with the smallest SHA-256 of their numbers joined by commas, so the split depends on
/// nothing but the plans. Both sides keep the order given.
Split split_by_hash(const std::vector<Plan>& plans, int64_t test_count);

}  // namespace blotto
