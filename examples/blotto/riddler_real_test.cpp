// SPDX-License-Identifier: Apache-2.0
// The published human plans, where they are at hand (RONDO_SHARED, default ../shared).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "examples/blotto/neighbours.h"
#include "examples/blotto/riddler.h"

namespace blotto {
namespace {

std::vector<std::string> castle_files() {
  const char* shared = std::getenv("RONDO_SHARED");
  const std::filesystem::path folder =
      std::filesystem::path(shared != nullptr ? shared : "../shared") / "data/riddler_castles";
  return {folder / "castle-solutions.csv", folder / "castle-solutions-2.csv", folder / "castle-solutions-3.csv"};
}

TEST(RealCastles, HoldAsManyDistinctPlansAsPublished) {
  if (!std::filesystem::exists(castle_files()[0]))
    GTEST_SKIP() << castle_files()[0] << " is not there; set RONDO_SHARED";
  const std::vector<Plan> plans = read_riddler_files(castle_files(), 10, 100);
  EXPECT_EQ(plans.size(), 3206u);
  const Split split = split_by_hash(plans, 400);
  EXPECT_EQ(split.train.size(), 2806u);
  const CopyResult copied = copy_nearest(ladder_rule(10, 100), split.train, split.test);
  constexpr double kPublished = 0.80;
  EXPECT_NEAR(copied.accuracy, kPublished, 0.015);
}

}  // namespace
}  // namespace blotto
