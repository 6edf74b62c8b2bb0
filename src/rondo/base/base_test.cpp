// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/base/nearest.h"
#include "rondo/base/parallel.h"
#include "rondo/base/parse_number.h"
#include "rondo/base/random.h"

namespace rondo {
namespace {

TEST(Nearest, NamesTheClosestKnownName) {
  EXPECT_EQ(nearest_name("cross-entropy", {"squared", "cross_entropy"}), "cross_entropy");
  EXPECT_EQ(nearest_name("zzzzzzzz", {"squared", "cross_entropy"}), "");
  EXPECT_EQ(unknown_name_message("loss", "sqared", {"squared", "davidson"}),
            "unknown loss 'sqared'; did you mean 'squared'? known: squared, davidson");
}

TEST(ParallelFor, CallsEveryNumberOnce) {
  for (const int64_t threads : {0, 1, 3, 50}) {
    for (const size_t block : {1, 4, 100}) {
      std::vector<std::atomic<int>> calls(37);
      parallel_for(calls.size(), {.threads = threads, .block = block}, [&](size_t i) { ++calls[i]; });
      for (const std::atomic<int>& count : calls) EXPECT_EQ(count, 1);
    }
  }
  parallel_for(0, {.threads = 3}, [](size_t) { FAIL(); });
}

TEST(ParallelFor, ThrowsWhatTheFirstNumberThrew) {
  for (const int64_t threads : {1, 3}) {
    std::atomic<int> calls = 0;
    const auto work = [&](size_t i) {
      ++calls;
      // The later failure comes first.
      if (i == 2) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (i == 2 || i == 4) throw DataError(std::to_string(i));
    };
    try {
      parallel_for(9, {.threads = threads}, work);
      FAIL() << "nothing was thrown";
    } catch (const DataError& error) {
      EXPECT_STREQ(error.what(), "2");
    }
    EXPECT_EQ(calls, 9);
  }
}

TEST(Hash, MatchesThePublishedVectors) {
  // FIPS 180-4 examples.
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 parts;
  parts.update("a");
  parts.update("bc");
  EXPECT_EQ(parts.hex(), sha256_hex("abc"));
}

TEST(ParseNumber, TakesWholeTextsThatFit) {
  EXPECT_EQ(parse_number<int64_t>("-12"), -12);
  EXPECT_EQ(parse_number<double>("2.5e-1"), 0.25);
  EXPECT_EQ(parse_number<int8_t>("127"), 127);
  for (const char* text : {"", " 1", "1 ", "+1", "1x", "1.0", "128", "nan"})
    EXPECT_EQ(parse_number<int8_t>(text), std::nullopt) << text;
  EXPECT_FALSE(parse_number<double>("1e999"));
}

TEST(Random, ContinuesFromSeedAndCount) {
  Random straight(7);
  for (int i = 0; i < 5; ++i) straight.next();
  Random restored(straight.seed(), straight.count());
  EXPECT_EQ(straight.next(), restored.next());
  EXPECT_NE(Random(7).split(0).next(), Random(7).split(1).next());
}

TEST(Random, SamplesDistinctItems) {
  const auto items = Random(3).sample(10, 10);
  EXPECT_EQ(std::set<int64_t>(items.begin(), items.end()).size(), 10u);
  EXPECT_EQ(Random(3).sample(10, 4).size(), 4u);
}

TEST(Random, NormalHasUnitVariance) {
  Random random(1);
  double sum = 0, squares = 0;
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.03);
  EXPECT_NEAR(squares / kDraws, 1, 0.05);
}

TEST(Error, KindsHaveTheirExitCodes) {
  EXPECT_EQ(exit_code(ConfigError("x").kind()), 2);
  EXPECT_EQ(exit_code(DataError("x").kind()), 3);
  EXPECT_EQ(exit_code(ModelError("x").kind()), 4);
  EXPECT_EQ(exit_code(ResourceError("x").kind()), 5);
  EXPECT_EQ(exit_code(InternalError("x").kind()), 70);
}

}  // namespace
}  // namespace rondo
