// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/align_collect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "examples/blotto/test_folder.h"
#include "rondo/base/error.h"

namespace blotto {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Json = nlohmann::json;

std::string exploit_output(double win_rate, double exploitability, double distinct_share = 1) {
  Json report = {{"distinct_share", distinct_share},
                 {"top_share", 0.01},
                 {"top_plan", "1 2"},
                 {"counter_plan", "2 1"},
                 {"counter_win_rate", 0.5 + exploitability}};
  for (const auto& [key, value] : {std::pair{"win_rate_vs_base", win_rate}, {"exploitability", exploitability}}) {
    report[key] = value;
    report[std::string(key) + "_low"] = value - 0.01;
    report[std::string(key) + "_high"] = value + 0.01;
  }
  return report.dump();
}

AlignFolder made_runs(const Folder& folder) {
  folder.file("base.json", exploit_output(0.5, 0.3));
  folder.file("equilibrium.json", exploit_output(0.58, 0.04));
  for (const int seed : {1, 2}) {
    const std::string run = "gpm-sppo-s" + std::to_string(seed) + "/";
    folder.file(run + "exploit-000.json", exploit_output(0.5, 0.3));
    folder.file(run + "exploit-010.json", exploit_output(0.6 + 0.02 * seed, 0.2));
    folder.file(run + "exploit-average.json", exploit_output(0.59, 0.1));
  }
  return {.folder = folder.path(), .runs = {"gpm-sppo"}, .seeds = {1, 2}, .seconds = 7};
}

TEST(CollectAlign, TakesMeansOverSeedsAndTheLastIterate) {
  const Folder folder;
  const Json figures = collect_align(made_runs(folder));
  const Json& run = figures.at("runs").at(0);
  EXPECT_EQ(run.at("judge"), "gpm");
  EXPECT_EQ(run.at("objective"), "sppo");
  EXPECT_NEAR(run.at("win_rate_vs_base"), 0.63, 1e-12);
  // Two seeds .02 apart: 12.706 * .0141421 / sqrt 2 = .12706 beside .01 of the plans.
  EXPECT_NEAR(run.at("win_rate_vs_base_high"), 0.63 + std::hypot(0.12706, 0.01), 1e-6);
  EXPECT_NEAR(run.at("average").at("exploitability"), 0.1, 1e-12);
  ASSERT_EQ(run.at("iterates").size(), 2U);
  EXPECT_EQ(run.at("iterates").at(1).at("iterate"), 10);
  EXPECT_EQ(run.at("seeds").at(1).at("win_rate_vs_base"), 0.64);
  EXPECT_NEAR(figures.at("equilibrium").at("exploitability"), 0.04, 1e-12);
}

TEST(CollectAlign, KeepsSharesBetweenNothingAndAll) {
  const Folder folder;
  const AlignFolder align = made_runs(folder);
  folder.file("gpm-sppo-s1/exploit-010.json", exploit_output(0.97, 0.02, 0.97));
  folder.file("gpm-sppo-s2/exploit-010.json", exploit_output(0.99, 0.01));
  const Json figures = collect_align(align), run = figures.at("runs").at(0);
  EXPECT_EQ(run.at("win_rate_vs_base_high"), 1.0);
  EXPECT_EQ(run.at("exploitability_low"), 0.0);
  EXPECT_EQ(run.at("distinct_share_high"), 1.0);
}

TEST(CollectAlign, MakesAPageOfThem) {
  const Folder folder;
  const nlohmann::ordered_json page = align_page(collect_align(made_runs(folder)));
  const Json lines = page.at("blocks").at(1).at("plot").at("lines");
  ASSERT_EQ(lines.size(), 3U);  // the run, the base and the equilibrium
  EXPECT_EQ(lines[0].at("y"), Json({0.3, 0.2}));
  EXPECT_THAT(page.dump(), HasSubstr("GPM as judge, sppo, last iterate"));
}

TEST(CollectAlign, SaysWhatIsMissing) {
  const Folder folder;
  AlignFolder align = made_runs(folder);
  align.runs.emplace_back("bt-dpo");
  EXPECT_THAT([&] { collect_align(align); }, ThrowsMessage<rondo::DataError>(HasSubstr("bt-dpo-s1")));
  folder.file("bt-dpo-s1/other.json", "{}");
  EXPECT_THAT([&] { collect_align(align); }, ThrowsMessage<rondo::DataError>(HasSubstr("no exploit-NNN.json")));
}

}  // namespace
}  // namespace blotto
