// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <set>

#include "examples/blotto/game.h"
#include "examples/blotto/habits.h"
#include "examples/blotto/neighbours.h"
#include "examples/blotto/riddler.h"
#include "examples/blotto/rows.h"
#include "examples/blotto/test_folder.h"
#include "rondo/base/error.h"

namespace blotto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(BlottoRule, AgreesWithPointsCountedByHand) {
  const Rule rule = ladder_rule(3, 10);
  EXPECT_EQ(margin(rule, {5, 5, 0}, {0, 0, 10}), 0);  // 1 + 2 against 3
  EXPECT_EQ(outcome(rule, {5, 5, 0}, {0, 0, 10}), 'T');
  EXPECT_EQ(margin(rule, {0, 4, 6}, {1, 4, 5}), 3 - 1);  // the second castle is shared
  EXPECT_EQ(outcome(rule, {0, 4, 6}, {1, 4, 5}), 'W');
  EXPECT_EQ(outcome(rule, {1, 4, 5}, {0, 4, 6}), 'L');
}

TEST(BlottoRule, RunsInCircles) {
  const Rule rule{.values = {1, 1, 1}, .soldiers = 6};
  const Plan a{4, 2, 0}, b{0, 4, 2}, c{2, 0, 4};
  EXPECT_EQ(outcome(rule, a, b), 'L');
  EXPECT_EQ(outcome(rule, b, c), 'L');
  EXPECT_EQ(outcome(rule, c, a), 'L');
  EXPECT_EQ(outcomes(rule, std::vector<Plan>{a, b, c}), "LWL");
}

TEST(BlottoRule, PutsCastleValuesIntoThePromptAndReadsThemBack) {
  const Rule rule{.values = {7, 1, 10}, .soldiers = 20};
  EXPECT_EQ(prompt_text(rule), "castles 7 1 10\n");
  EXPECT_EQ(parse_prompt(prompt_text(rule), 20).values, rule.values);
  EXPECT_THAT([] { parse_prompt("towers 1 2", 20); }, ThrowsMessage<rondo::DataError>(HasSubstr("castles")));
  EXPECT_THAT([] { parse_plan("1 2 x"); }, ThrowsMessage<rondo::DataError>(HasSubstr("1 2 x")));
}

TEST(BlottoHabits, MakesDistinctWholePlansApartFromThoseTaken) {
  const Rule rule = ladder_rule(10, 100);
  const std::vector<Plan> train = make_plans(rule, {.count = 500}, rondo::Random(1), {});
  const std::set<Plan> taken(train.begin(), train.end());
  EXPECT_EQ(taken.size(), 500u);
  const std::vector<Plan> test = make_plans(rule, {.count = 300, .misread = 0.5}, rondo::Random(1), taken);
  for (const Plan& plan : test) {
    EXPECT_EQ(std::accumulate(plan.begin(), plan.end(), 0), 100) << plan_text(plan);
    EXPECT_GE(*std::min_element(plan.begin(), plan.end()), 0) << plan_text(plan);
    EXPECT_FALSE(taken.contains(plan));
  }
  const std::vector<Plan> longer = make_plans(rule, {.count = 600}, rondo::Random(1), {});
  EXPECT_TRUE(std::equal(train.begin(), train.end(), longer.begin()));
}

TEST(BlottoHabits, SaysWhenTheGameHasTooFewPlans) {
  EXPECT_THAT([] { make_plans(ladder_rule(2, 3), {.count = 5}, rondo::Random(1), {}); },
              ThrowsMessage<rondo::ConfigError>(HasSubstr("too few")));
}

TEST(BlottoRows, SurviveWriteAndRead) {
  const Folder folder;
  const Rule rule = ladder_rule(3, 10);
  const Field field{.rule = rule, .plans = {{1, 2, 7}, {3, 3, 4}}, .prompt = prompt_text(rule), .id = "x"};
  write_fields(folder.file("rows.jsonl"), {field, field});
  const std::vector<Field> back = read_fields(folder.file("rows.jsonl"), 10);
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[1].plans, field.plans);
  EXPECT_EQ(back[1].rule.values, rule.values);
  const std::string broken = folder.file("broken.jsonl", "{\"prompt\": \"castles 1 2\", \"responses\": [\"1 2 3\"]}\n");
  EXPECT_THAT([&] { read_fields(broken, 6); }, ThrowsMessage<rondo::DataError>(HasSubstr("broken.jsonl:1")));
}

TEST(BlottoRows, AppearWholeOrNotAtAll) {
  const Folder folder;
  EXPECT_THROW(write_lines(folder.file("missing/words.txt"), {"1"}), rondo::ResourceError);
  write_lines(folder.file("words.txt"), {"1", "2"});
  // A reader that opened the file before keeps what it has: nothing is written over.
  std::ifstream before(folder.file("words.txt"));
  write_lines(folder.file("words.txt"), {"3"});
  std::string line;
  std::getline(before, line);
  EXPECT_EQ(line, "1");
  std::ifstream after(folder.file("words.txt"));
  std::getline(after, line);
  EXPECT_EQ(line, "3");
}

TEST(BlottoRiddler, ReadsQuotedTextWithLineEnds) {
  const Folder folder;
  const std::string good =
      folder.file("a.csv", "c1,c2,why\n60,40,\"first \"\"line\"\",\n\n1,2,3\"\n60,40,again\n0,100,\n");
  EXPECT_THAT(read_riddler_files({good}, 2, 100), ElementsAre(Plan{60, 40}, Plan{0, 100}));
  const std::string bad = folder.file("b.csv", "c1,c2,why\n60,41,x\n");
  EXPECT_THAT([&] { read_riddler_files({bad}, 2, 100); }, ThrowsMessage<rondo::DataError>(HasSubstr("record 1")));
}

TEST(BlottoRiddler, SplitsBySmallestHash) {
  // SHA-256 of "0,1" begins with 83, of "1,0" with b0: the first is the test plan.
  const Split split = split_by_hash({{1, 0}, {0, 1}}, 1);
  EXPECT_THAT(split.test, ElementsAre(Plan{0, 1}));
  EXPECT_THAT(split.train, ElementsAre(Plan{1, 0}));
}

TEST(BlottoBaseline, CopiesTheNearestTrainingPlan) {
  const Rule rule = ladder_rule(3, 10);
  const std::vector<Plan> train{{0, 0, 10}, {5, 5, 0}, {0, 10, 0}};
  // Nearest: the first, the second, the second. The last pair is copied as a tie of a plan with itself.
  const CopyResult copied = copy_nearest(rule, train, {{0, 1, 9}, {6, 4, 0}, {4, 6, 0}});
  EXPECT_THAT(copied.nearest, ElementsAre(0u, 1u, 1u));
  EXPECT_THAT(copied.distances, ElementsAre(2, 2, 2));
  EXPECT_EQ(copied.comparisons, 1);  // 3 against 3 is a tie twice; the last pair is decided
  EXPECT_EQ(copied.accuracy, 0);
  EXPECT_EQ(copied.accuracy_half, 0.5);
}

}  // namespace
}  // namespace blotto
