// SPDX-License-Identifier: Apache-2.0
// Splitting, writing and measuring groups.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "rondo/base/error.h"
#include "rondo/base/random.h"
#include "rondo/data/data_split.h"
#include "rondo/data/data_summary.h"
#include "rondo/data/group_writer.h"
#include "rondo/data/row_shapes.h"
#include "rondo/io/test_folder.h"

namespace rondo::data {
namespace {

Message answer(std::string text) { return {.role = "assistant", .content = std::move(text), .extra_json = {}}; }

GroupStore store_of(std::vector<Group> groups) {
  GroupStoreBuilder builder("/tmp");
  for (Group& group : groups) builder.add(std::move(group), "s");
  return builder.finish({});
}

Group pair_group(int n) {
  Group group;
  group.prompt.text = fmt::format("prompt {}", n);
  group.responses = {answer(fmt::format("yes {}", n)), answer("no")};
  group.comparisons = {{.i = 0, .j = 1}};
  return group;
}

Group tournament(int count) {
  Group group;
  for (int i = 0; i < count; ++i) group.responses.push_back(answer(fmt::format("r{}", i)));
  for (int i = 0; i < count; ++i) {
    for (int j = i + 1; j < count; ++j)
      group.comparisons.push_back({.i = i, .j = j, .p = (i + j) % 3 == 0 ? 0.0F : 1.0F});
  }
  return group;
}

TEST(Split, ByPromptSharesNoPromptAndDoesNotDependOnOrder) {
  std::vector<Group> groups;
  for (int n = 0; n < 400; ++n) groups.push_back(pair_group(n));
  std::set<std::string> parts[2];
  const auto collect = [&](std::set<std::string>& part) {
    return [&part](const Group& group) { part.insert(group.prompt.text); };
  };
  const SplitOptions options{.test_fraction = 0.25, .seed = 3};
  const SplitReport report = split_groups(store_of(groups), options, collect(parts[0]), collect(parts[1]));
  EXPECT_EQ(parts[0].size() + parts[1].size(), 400u);
  EXPECT_NEAR(static_cast<double>(parts[1].size()), 100, 30);
  EXPECT_EQ(report.train.groups + report.test.groups, 400);
  EXPECT_EQ(report.shared_texts, 1);  // "no"
  std::reverse(groups.begin(), groups.end());
  std::set<std::string> again[2];
  split_groups(store_of(groups), options, collect(again[0]), collect(again[1]));
  EXPECT_EQ(parts[1], again[1]);
}

TEST(Split, ByResponseDividesAGroupAndCountsWhatIsCut) {
  std::map<std::string, int> seen;
  const auto count = [&](const Group& group) {
    for (const Message& response : group.responses) ++seen[response.content];
    for (const Comparison& c : group.comparisons)
      EXPECT_LT(std::max(c.i, c.j), static_cast<int>(group.responses.size()));
  };
  const SplitReport report =
      split_groups(store_of({tournament(40)}), {.by_response = true, .test_fraction = 0.5, .seed = 1}, count, count);
  EXPECT_EQ(seen.size(), 40u);
  EXPECT_EQ(report.shared_texts, 0);
  EXPECT_EQ(report.train.responses + report.test.responses, 40);
  EXPECT_EQ(report.train.comparisons + report.test.comparisons + report.dropped_comparisons, 780);
  EXPECT_EQ(report.dropped_comparisons, report.train.responses * report.test.responses);
}

Group read_back(const std::string& lines) {
  const io::TestFolder folder;
  ReadOptions options{.files = {folder.write("a.jsonl", lines)}, .allow_unlabelled = true};
  const GroupStore store = read_groups(options);
  EXPECT_EQ(store.size(), 1);
  return store.group(0);
}

TEST(Writer, RowsReadBackToTheSameGroup) {
  Group group;
  group.prompt = {.is_plain = false,
                  .text = {},
                  .messages = {{.role = "system", .content = "s", .extra_json = {}},
                               {.role = "user", .content = "q\n\"\xC3\xA9\"", .extra_json = R"({"name":"n"})"}},
                  .tools_json = R"([{"name":"f"}])",
                  .template_kwargs_json = R"({"k":1})"};
  group.responses = {
      answer("a"), answer("b"), {.role = "assistant", .content = "c", .extra_json = R"({"reasoning_content":"r"})"}};
  group.comparisons = {{0, 1, 1, 0, 1, 0}, {2, 1, 0.7F, 0.2F, 2.5F, -0.3F}, {1, 2, 0.5F, 1, 1, 0}};
  group.id = "i";
  group.subset = "u";
  group.source = "x";
  const Group again = read_back(canonical_rows(group));
  EXPECT_EQ(again.prompt, group.prompt);
  EXPECT_EQ(again.responses, group.responses);
  EXPECT_EQ(again.comparisons, group.comparisons);
  EXPECT_EQ(again.id + again.subset + again.source, "iux");
}

// Two rows of one prompt that call themselves differently merge for computing and part again when they are written.
TEST(Writer, KeepsTheNamesOfRowsThatMerged) {
  const std::string rows =
      "{\"id\":\"r1\",\"source\":\"x\",\"subset\":\"easy\",\"prompt\":\"p\",\"responses\":[\"a\",\"b\"],"
      "\"comparisons\":[{\"i\":0,\"j\":1}]}\n"
      "{\"id\":\"r2\",\"source\":\"x\",\"subset\":\"hard\",\"prompt\":\"p\",\"responses\":[\"b\",\"c\"],"
      "\"comparisons\":[{\"i\":1,\"j\":0}]}\n";
  const Group merged = read_back(rows);
  EXPECT_EQ(merged.responses.size(), 3u);
  EXPECT_EQ(canonical_rows(merged), rows);
  const io::TestFolder folder;
  const GroupStore store = read_groups({.files = {folder.write("rows.jsonl", rows + rows)}});
  // The same rows a second time are the same rows.
  EXPECT_EQ(std::ranges::count(canonical_rows(store.group(0)), '\n'), 2);
}

TEST(Writer, WritesPlainTournamentsCompactly) {
  const Group group = tournament(30);
  const std::string rows = canonical_rows(group);
  EXPECT_THAT(rows, ::testing::HasSubstr("\"outcomes\""));
  EXPECT_EQ(read_back(rows).comparisons, [&] {
    std::vector<Comparison> expected = group.comparisons;
    return expected;
  }());
}

TEST(Writer, SpreadsManyOtherComparisonsOverRows) {
  Group group = tournament(500);
  for (Comparison& c : group.comparisons) c.weight = 2;
  const std::string rows = canonical_rows(group);
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 2);
  const Group again = read_back(rows);
  EXPECT_EQ(again.responses, group.responses);
  EXPECT_EQ(again.comparisons, group.comparisons);
}

TEST(Writer, RefusesOtherNames) { EXPECT_THROW(GroupWriter("/tmp/x.csv"), ConfigError); }

TEST(Summary, MeasuresGroupsAndTexts) {
  const DataSummary summary = summarize(store_of({pair_group(1), tournament(5)}), silent_progress());
  EXPECT_EQ(summary.responses_per_group.min, 2);
  EXPECT_EQ(summary.responses_per_group.max, 5);
  EXPECT_EQ(summary.comparisons_per_group.sum, 11);
  EXPECT_EQ(summary.prompt_characters.max, 8);
  EXPECT_EQ(character_count("a\xC3\xA9\xE2\x82\xAC"), 3);
  EXPECT_EQ(spread_of({}).max, 0);
}

}  // namespace
}  // namespace rondo::data
