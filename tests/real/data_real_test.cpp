// SPDX-License-Identifier: Apache-2.0
// Real preference sets through the reader: counts as their makers state them, and for sets in a shape of their own the
// sentence that says so. Skipped where the sets are absent (RONDO_SHARED, default ../shared).
#include <gmock/gmock.h>

#include <filesystem>

#include "rondo/base/error.h"
#include "rondo/data/data_summary.h"
#include "rondo/data/group_store.h"
#include "tests/support/shared_data.h"

namespace rondo::data {
namespace {

std::filesystem::path sets() { return rondo::testing::shared_folder() / "data"; }

struct RealSet {
  const char* file;
  std::vector<std::string> renames;
  int64_t rows;
  int64_t bad_rows;
  int64_t groups;
  int64_t comparisons;
  int64_t ties;
  const char* reason;  // part of the first bad row's reason, "" = none
};

const RealSet kSets[] = {
    {"hh_rlhf_harmless_test/harmless-base.test.jsonl.gz", {}, 2312, 5, 2305, 2307, 0, "messages after the shared ones"},
    {"llmbar/LLMBar__Natural__dataset.json.gz", {}, 100, 0, 100, 100, 0, ""},
    {"llmbar/LLMBar__Adversarial__Neighbor__dataset.json.gz", {}, 134, 0, 134, 134, 0, ""},
    {"llmbar/CaseStudy__Normal__dataset.json.gz", {}, 59, 0, 59, 59, 0, ""},
    {"llmbar/Processed__FairEval__dataset.json.gz", {}, 66, 0, 66, 66, 0, ""},
    {"llmfao/crowd-comparisons.csv.gz", {}, 8931, 0, 1, 8931, 3471, ""},
    {"llmfao/gpt4-comparisons.csv.gz", {}, 3236, 0, 1, 3236, 139, ""},
    // Votes by argument id: readable once the columns are named. 846 rows have no gold label, all have votes.
    {"ukpconvarg1/pairs_votes.jsonl.gz",
     {"topic=prompt", "a1=response_a", "a2=response_b", "votes_a1=votes_a", "votes_a2=votes_b",
      "votes_equal=votes_tie"},
     16927,
     0,
     32,
     16927,
     -1,
     ""},
    {"webis_crowdrag25/ratings.jsonl.gz", {"query_id=prompt", "quality_overall_gold=label"}, 1352, 0, 65, 1352, 0, ""},
    // Shapes of their own: refused with the keys they have.
    {"ukpconvarg1/pairs_votes.jsonl.gz",
     {},
     16927,
     16927,
     0,
     0,
     0,
     "it has the keys topic, a1, a2, votes_a1, votes_a2"},
    {"webis_crowdrag25/ratings.jsonl.gz", {}, 1352, 1352, 0, 0, 0, "there is no 'prompt'"},
    {"qlora_gpt4_arena/judgments.jsonl.gz",
     {},
     44506,
     44506,
     0,
     0,
     0,
     "it has the keys set, prompt_id, model_1, model_2"},
    {"fgrlhf_qa_feedback/dev_feedback.json.gz", {}, 500, 500, 0, 0, 0, "prediction 1, prediction 2"},
    {"summeval_aspects/summeval.jsonl.gz", {}, 100, 100, 0, 0, 0, "it has the keys doc_id, src, ref_summs"},
    {"riddler_castles/castle-solutions.csv", {}, 1349, 1349, 0, 0, 0, "it has the keys Castle 1"},
};

TEST(RealSets, AreReadInFullOrRefusedWithTheirKeys) {
  if (!std::filesystem::exists(sets())) GTEST_SKIP() << "no sets at " << sets() << "; RONDO_SHARED names their folder";
  for (const RealSet& set : kSets) {
    SCOPED_TRACE(set.file);
    const GroupStore store = read_groups(
        {.files = {(sets() / set.file).string()}, .renames = set.renames, .max_bad = kAnyBadRows, .allow_items = true});
    const ReadReport& report = store.report();
    EXPECT_EQ(report.rows, set.rows);
    EXPECT_EQ(report.bad_rows, set.bad_rows) << (report.bad_rows > 0 ? report.first_bad_rows[0].reason : "");
    EXPECT_EQ(store.size(), set.groups);
    EXPECT_EQ(report.comparisons, set.comparisons);
    if (set.ties >= 0) {
      EXPECT_EQ(report.ties, set.ties);
    }
    if (set.bad_rows > 0) {
      EXPECT_THAT(report.first_bad_rows[0].reason, ::testing::HasSubstr(set.reason));
    }
    EXPECT_EQ(summarize(store, silent_progress()).comparisons_per_group.sum, report.comparisons);
  }
}

TEST(RealSets, FilesThatAreNoTableAreRefusedWhole) {
  if (!std::filesystem::exists(sets())) GTEST_SKIP() << "no sets at " << sets() << "; RONDO_SHARED names their folder";
  for (const char* file :
       {"gppl_humour/pairs.csv.gz", "ukpconvarg1/UKPConvArg1Strict-CSV.tar.gz", "rrps_payoff/soccer.txt"}) {
    EXPECT_THROW((void)read_groups({.files = {(sets() / file).string()}, .max_bad = kAnyBadRows}), DataError) << file;
  }
}

}  // namespace
}  // namespace rondo::data
