// SPDX-License-Identifier: Apache-2.0
// What every row of formats.def must prove.
#include <gtest/gtest.h>

#include "rondo/align/formats/shared/format.h"
#include "rondo/base/error.h"
#include "rondo/data/group_rows.h"
#include "rondo/io/test_folder.h"

namespace rondo::align::formats {
namespace {

Message assistant(const std::string& text) { return {.role = "assistant", .content = text, .extra_json = {}}; }

// "no" beats "yes" and "maybe"; the last row has nothing to choose from.
std::vector<JudgedRow> judged_rows() {
  JudgedRow row;
  row.row = {{"prompt", "q"}, {"responses", {"yes", "no", "maybe"}}};
  row.group.prompt.text = "q";
  row.group.responses = {assistant("yes"), assistant("no"), assistant("maybe")};
  row.verdict = {.tau = 0.5,
                 .scores = {{0, -1, 0.25}, {1, 0, 0.5}, {-0.25, -0.5, 0}},
                 .probabilities = {{0.5, 0.125, 0.625}, {0.875, 0.5, 0.75}, {0.375, 0.25, 0.5}},
                 .mean_scores = {-0.375, 0.75, -0.375},
                 .mean_log_odds = {-0.75, 1.5, -0.75},
                 .mean_probabilities = {0.375, 0.8125, 0.3125},
                 .best = 1,
                 .worst = 2};
  JudgedRow even = row;
  even.row["prompt"] = even.group.prompt.text = "other";
  even.verdict.best = even.verdict.worst = 0;
  return {row, even};
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

class EveryFormat : public ::testing::TestWithParam<const FormatEntry*> {
 protected:
  std::string out() const { return (folder_ / (GetParam()->is_folder ? "out" : "out.jsonl")).string(); }
  void write(const FormatOptions& options) const {
    const auto writer = GetParam()->open(options);
    for (const JudgedRow& row : judged_rows()) writer->write(row);
    writer->commit();
  }
  io::TestFolder folder_;
};

TEST_P(EveryFormat, NoFileAppearsBeforeItIsWhole) {
  {
    const auto writer = GetParam()->open({.out = out()});
    for (const JudgedRow& row : judged_rows()) writer->write(row);
  }
  EXPECT_TRUE(files_in(folder_.path()).empty());
  write({.out = out()});
  EXPECT_FALSE(files_in(folder_.path()).empty());
}

TEST_P(EveryFormat, TheSameRowsAreTheSameBytes) {
  write({.out = out()});
  std::vector<std::string> before;
  for (const auto& file : files_in(folder_.path())) before.push_back(io::TestFolder::read(file));
  write({.out = out()});
  size_t n = 0;
  for (const auto& file : files_in(folder_.path())) EXPECT_EQ(io::TestFolder::read(file), before.at(n++)) << file;
}

// Rows of pairs hold the best and the worst; rows of groups all responses in order. Every row shape that is written
// is one that is read.
TEST_P(EveryFormat, ItsRowsAreReadAgain) {
  write({.out = out()});
  int64_t readable = 0;
  for (const auto& file : files_in(folder_.path())) {
    const std::string name = file.filename().string();
    if (name == "probabilities.json" || name.starts_with("responses_")) continue;  // numbers and texts, not rows
    data::GroupRows rows({.files = {file.string()},
                          .renames = {"probability=table_of_the_judge"},  // scores where it is gpm's
                          .allow_unlabelled = true});
    for (int64_t n = 0; const auto row = rows.next(); ++n) {
      ++readable;
      const Prompt& prompt = row->group.prompt;
      EXPECT_EQ(prompt.is_plain ? prompt.text : prompt.messages.back().content, n == 0 ? "q" : "other") << file;
      const std::vector<Message>& r = row->group.responses;
      if (r.size() == 2) {
        EXPECT_EQ(r[0].content, "no") << file;
        EXPECT_EQ(r[1].content, "maybe") << file;
        EXPECT_EQ(n, 0) << "a row without a preference has no pair: " << file;
      } else {
        ASSERT_EQ(r.size(), 3u) << file;
        for (size_t i = 0; i < 3; ++i) EXPECT_EQ(r[i].content, judged_rows()[0].group.responses[i].content);
      }
    }
  }
  EXPECT_GE(readable, 1);
}

TEST_P(EveryFormat, AFolderThatCannotBeIsSaid) {
  folder_.write("file", "in the way");
  EXPECT_THROW((void)GetParam()->open({.out = (folder_ / "file" / "out").string()}), ResourceError);
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryFormat, ::testing::ValuesIn(all_formats().begin(), all_formats().end()),
                         [](const auto& row) { return std::string(row.param->name); });

TEST(Formats, UnknownNamesAreToldTheKnownOnes) {
  EXPECT_NE(io::message_of<ConfigError>([] { (void)format_by_name("simpoo"); }).find("simpo"), std::string::npos);
}

}  // namespace
}  // namespace rondo::align::formats
