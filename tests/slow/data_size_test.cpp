// SPDX-License-Identifier: Apache-2.0
// Data that are larger than memory should have to be: a gigabyte of JSONL, and one group with all comparisons of 4,000
// responses.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>

#include "rondo/base/random.h"
#include "rondo/data/data_split.h"
#include "rondo/data/data_summary.h"
#include "rondo/data/group_store.h"
#include "rondo/data/group_writer.h"
#include "rondo/io/test_folder.h"
#include "tests/support/program.h"

namespace rondo::data {
namespace {

namespace testing = rondo::testing;

// Stated in docs: reading, checking and splitting stay below these, whatever the number of texts.
constexpr int64_t kLimitManyRowsMb = 300;
constexpr int64_t kLimitHugeGroupMb = 700;
constexpr int64_t kFileBytes = int64_t{1} << 30;
constexpr int64_t kWords = 50'000;
// Training keeps up to 1 GiB of token groups (data/token_store.h) beside the index of the rows and the model.
constexpr int64_t kLimitTrainingMb = 2500;

// The largest memory of this process so far.
int64_t peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string words(Random& random, int64_t count) {
  std::string text;
  for (int64_t n = 0; n < count; ++n) text += fmt::format("{}w{}", n == 0 ? "" : " ", random.below(kWords));
  return text;
}

// Pairs under 20 words of prompt; every second row has the prompt of the one before. Returns the number of rows.
int64_t write_big_file(const std::string& path) {
  Random random(1);
  std::ofstream file(path);
  int64_t rows = 0;
  for (int64_t bytes = 0; bytes < kFileBytes; ++rows) {
    const std::string line = fmt::format("{{\"prompt\":\"w{} {} \",\"chosen\":\"{}\",\"rejected\":\"{}\"}}\n",
                                         (rows / 2) % kWords, words(random, 20), words(random, 60), words(random, 60));
    bytes += static_cast<int64_t>(line.size());
    file << line;
  }
  return rows;
}

// Cases run in the order of this file: the smaller peak is measured first.
TEST(Size, AGigabyteOfRowsIsCheckedAndSplitInBoundedMemory) {
  const io::TestFolder folder;
  const std::string path = (folder / "big.jsonl").string();
  const int64_t rows = write_big_file(path);
  const ReadOptions options{.files = {path}, .spool_folder = folder.path().string()};
  std::unique_ptr<GroupStore> store;
  const double read_seconds = seconds_of([&] { store = std::make_unique<GroupStore>(read_groups(options)); });
  EXPECT_EQ(store->report().rows, rows);
  const double summary_seconds = seconds_of([&] { (void)summarize(*store, silent_progress()); });
  const double hash_seconds = seconds_of([&] { (void)store->content_hash(); });
  const double split_seconds = seconds_of([&] {
    GroupWriter train((folder / "train.jsonl").string());
    GroupWriter test((folder / "test.jsonl").string());
    const SplitReport report = split_groups(
        *store, {}, [&](const Group& g) { train.write(g); }, [&](const Group& g) { test.write(g); });
    train.commit();
    test.commit();
    EXPECT_EQ(report.train.comparisons + report.test.comparisons, rows);
  });
  fmt::print("{} rows: read {:.1f} s ({:.0f} rows/s), measured {:.1f} s, hashed {:.1f} s, split {:.1f} s, peak {} MB\n",
             rows, read_seconds, static_cast<double>(rows) / read_seconds, summary_seconds, hash_seconds, split_seconds,
             peak_mb());
  EXPECT_LT(peak_mb(), kLimitManyRowsMb);
}

TEST(Size, AGigabyteOfRowsIsTrainedOnInBoundedMemory) {
  if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
  const io::TestFolder folder;
  write_big_file((folder / "big.jsonl").string());
  std::string vocabulary;
  for (int64_t word = 0; word < kWords; ++word) vocabulary += fmt::format("w{}\n", word);
  folder.write("words.txt", vocabulary);
  const std::string at = folder.path().string();
  const testing::Call made = testing::rondo(
      fmt::format("init --layers 1 --hidden 16 --heads 2 --words {0}/words.txt --out {0}/base --quiet", at));
  ASSERT_EQ(made.exit_code, 0) << made.output;
  testing::Call trained;
  const double seconds = seconds_of([&] {
    trained =
        testing::rondo(fmt::format("train --model {0}/base --head gpm --data {0}/big.jsonl --steps 3 "
                                   "--batch-groups 64 --no-report --quiet --out {0}/run",
                                   at));
  });
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  fmt::print("read, tokenised and three steps: {:.0f} s, peak {} MB\n", seconds, usage.ru_maxrss / 1024);
  EXPECT_LT(usage.ru_maxrss / 1024, kLimitTrainingMb);
}

TEST(Size, OneGroupHoldsEightMillionComparisons) {
  constexpr int kResponses = 4000;
  const io::TestFolder folder;
  const std::string path = (folder / "tournament.jsonl").string();
  {
    Random random(2);
    std::ofstream file(path);
    file << R"({"prompt":"p","responses":[)";
    for (int i = 0; i < kResponses; ++i) file << (i == 0 ? "" : ",") << fmt::format("\"{} {}\"", i, words(random, 100));
    file << R"(],"outcomes":")";
    for (int64_t pair = 0; pair < int64_t{kResponses} * (kResponses - 1) / 2; ++pair) file << "WLT"[random.below(3)];
    file << "\"}\n";
  }
  const ReadOptions options{.files = {path}, .spool_folder = folder.path().string()};
  std::unique_ptr<GroupStore> store;
  const double read_seconds = seconds_of([&] { store = std::make_unique<GroupStore>(read_groups(options)); });
  Group group;
  const double group_seconds = seconds_of([&] { group = store->group(0); });
  EXPECT_EQ(group.responses.size(), size_t{kResponses});
  EXPECT_EQ(group.comparisons.size(), size_t{kResponses} * (kResponses - 1) / 2);
  EXPECT_EQ(store->report().duplicates, 0);
  fmt::print("{} comparisons: read {:.1f} s, group() {:.2f} s, peak {} MB\n", group.comparisons.size(), read_seconds,
             group_seconds, peak_mb());
  EXPECT_LT(peak_mb(), kLimitHugeGroupMb);
}

TEST(Size, AFourMegabyteGroupDecodesInMilliseconds) {
  GroupStoreBuilder builder("/tmp");
  Random random(3);
  Group group;
  for (int i = 0; i < 64; ++i) {
    group.responses.push_back({.role = "assistant", .content = words(random, 11'000), .extra_json = {}});
  }
  group.comparisons = {{.i = 0, .j = 1}};
  builder.add(std::move(group), "s");
  const GroupStore store = builder.finish({});
  constexpr int kTimes = 50;
  const double seconds = seconds_of([&] {
    for (int n = 0; n < kTimes; ++n) EXPECT_EQ(store.group(0).responses.size(), 64u);
  });
  fmt::print("4 MB group: {:.2f} ms\n", 1000 * seconds / kTimes);
  EXPECT_LT(seconds / kTimes, 0.05);
}

}  // namespace
}  // namespace rondo::data
