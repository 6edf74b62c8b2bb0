// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/group_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <thread>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"
#include "rondo/io/test_folder.h"

namespace rondo::data {
namespace {

using ::testing::HasSubstr;

class Store : public ::testing::Test {
 protected:
  GroupStore read(const std::vector<std::string>& contents, ReadOptions options = {}) {
    for (const std::string& content : contents) {
      options.files.push_back(folder_.write(fmt::format("f{}.jsonl", options.files.size()), content));
    }
    return read_groups(options);
  }
  io::TestFolder folder_;
};

TEST_F(Store, RowsOfOnePromptMergeAndEqualResponsesToo) {
  const GroupStore store = read({R"({"prompt":"p","chosen":"a","rejected":"b","id":"first"}
{"prompt":"q","chosen":"a","rejected":"b"}
{"messages":[{"role":"user","content":"p"}],"chosen":"b","rejected":"c","margin":2}
)"});
  ASSERT_EQ(store.size(), 2);
  EXPECT_EQ(describe_group(store.group(0)), "a|b|c; 0>1 p=1; 1>2 p=1 margin=2");
  EXPECT_EQ(store.info(0).source, "f0");
  const std::vector<SourceRow> rows = store.rows(0);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows, store.group(0).rows);
  EXPECT_EQ(rows[0].id, "first");
  EXPECT_EQ(rows[0].number, 0);
  EXPECT_EQ(rows[1].number, 2);
  EXPECT_THAT(rows[1].place, HasSubstr("f0.jsonl: row 3"));
  EXPECT_EQ(rows[1].responses, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(rows[0].comparison_end, 1);
  EXPECT_EQ(rows[1].comparison_end, 2);
  EXPECT_EQ(store.response_count(0), 3);
  EXPECT_EQ(store.report().merged_responses, 1);
  EXPECT_EQ(store.report().rows_of_shape.at("pair"), 3);
}

TEST_F(Store, PromptsThatDifferInSystemOrToolsStayApart) {
  EXPECT_EQ(read({R"({"prompt":"p","chosen":"a","rejected":"b"}
{"prompt":"p","chosen":"a","rejected":"b","system":"s"}
{"prompt":"p","chosen":"a","rejected":"b","tools":[{"name":"f"}]}
)"})
                .size(),
            3);
}

TEST_F(Store, SourcesNeverMerge) {
  const std::string row = R"({"prompt":"p","chosen":"a","rejected":"b"})";
  EXPECT_EQ(read({row, row}).size(), 2);
  EXPECT_EQ(read({R"({"prompt":"p","chosen":"a","rejected":"b","source":"x"}
{"prompt":"p","chosen":"a","rejected":"b","source":"y"}
)"})
                .size(),
            2);
}

TEST_F(Store, CountsTiesDuplicatesAndContradictions) {
  const GroupStore store = read({R"({"prompt":"p","response_a":"a","response_b":"b","label":"a"}
{"prompt":"p","response_a":"b","response_b":"a","label":"b"}
{"prompt":"p","response_a":"b","response_b":"a","label":"a"}
{"prompt":"p","response_a":"a","response_b":"b","label":"tie"}
{"prompt":"q","responses":["x","x","y"],"ranking":[0,1,2]}
)"});
  const ReadReport& report = store.report();
  EXPECT_EQ(report.comparisons, 6);
  EXPECT_EQ(report.ties, 1);
  EXPECT_EQ(report.contradictions, 1);
  // a over b twice; x over y twice, once x's two copies are one.
  EXPECT_EQ(report.duplicates, 2);
  EXPECT_EQ(report.self_comparisons, 1);
}

TEST_F(Store, BadRowsAreCountedAndNamed) {
  const std::string content = R"({"prompt":"p","chosen":"a","rejected":"b"}
{"prompt":"p","chosen":"a","rejected":"a"}
nonsense
{"prompt":"p","responses":["a","b"]}
)";
  const auto message = io::message_of<DataError>([&] { (void)read({content}, {.max_bad = 2}); });
  EXPECT_THAT(message, HasSubstr("3 of the first 4 rows cannot be used, 2 are allowed"));
  EXPECT_THAT(message, HasSubstr("row 2: chosen and rejected are equal"));
  EXPECT_THAT(message, HasSubstr("row 4: no comparison"));
  std::vector<int64_t> seen;
  const GroupStore store =
      read({content}, {.max_bad = 3, .on_bad_row = [&](const BadRow& bad) { seen.push_back(bad.row); }});
  EXPECT_THAT(seen, ::testing::ElementsAre(2, 3, 4));
  EXPECT_EQ(store.report().bad_rows, 3);
  EXPECT_EQ(read({content}, {.max_bad = 3, .allow_unlabelled = true}).report().bad_rows, 2);
}

TEST_F(Store, FilesWithoutRowsAreAnError) { EXPECT_THROW((void)read({"\n"}), DataError); }

TEST_F(Store, RenamesNameColumns) {
  const std::string row = R"({"q":"p","good":"a","bad":"b"})";
  const GroupStore store = read({row}, {.renames = {"q=prompt", "good=chosen", "bad=rejected"}});
  EXPECT_EQ(store.group(0).prompt.text, "p");
  EXPECT_THROW((void)read({row}, {.renames = {"q"}}), ConfigError);
}

TEST_F(Store, BattlesOfAFileAreOneGroup) {
  const GroupStore store = read({R"({"model_a":"x","model_b":"y","winner":"model_a"}
{"model_a":"z","model_b":"x","winner":"tie"}
)"},
                                {.allow_items = true});
  ASSERT_EQ(store.size(), 1);
  EXPECT_EQ(describe_group(store.group(0)), "x|y|z; 0>1 p=1; 2>0 p=0.5 tie=1");
  EXPECT_EQ(store.group(0).prompt, Prompt{});
}

TEST_F(Store, ContentHashKnowsOrderAndContentButNotNames) {
  const std::string a = R"({"prompt":"p","chosen":"a","rejected":"b","id":"1"})";
  const std::string b = R"({"prompt":"q","chosen":"a","rejected":"b"})";
  const std::string hash = read({a + "\n" + b}).content_hash();
  EXPECT_EQ(hash.size(), 64u);
  EXPECT_EQ(hash, read({R"({"prompt":"p","chosen":"a","rejected":"b","id":"2","source":"s"})", b}).content_hash());
  EXPECT_NE(hash, read({b + "\n" + a}).content_hash());
  EXPECT_NE(hash, read({a}).content_hash());
}

TEST_F(Store, KeepsWholeConversationsAndNumbers) {
  const GroupStore store =
      read({R"({"messages":[{"role":"system","content":"s"},{"role":"user","content":"q","name":"n"}],)"
            R"("chat_template_kwargs":{"k":true},)"
            R"("responses":["a",{"role":"assistant","content":"b","reasoning_content":"r"}],)"
            R"("comparisons":[{"i":1,"j":0,"p":0.7,"weight":2,"tie":0.2,"margin":-0.5}]})"});
  const Group group = store.group(0);
  EXPECT_EQ(group.prompt.messages[1].extra_json, R"({"name":"n"})");
  EXPECT_EQ(group.prompt.template_kwargs_json, R"({"k":true})");
  EXPECT_EQ(group.responses[1].extra_json, R"({"reasoning_content":"r"})");
  EXPECT_EQ(group.comparisons[0], (Comparison{1, 0, 0.7F, 0.2F, 2, -0.5F}));
}

TEST_F(Store, ThreadsMayReadAtOnce) {
  std::string content;
  for (int n = 0; n < 200; ++n) content += fmt::format(R"({{"prompt":"{}","chosen":"a","rejected":"b"}})", n) + "\n";
  const GroupStore store = read({content});
  const auto check = [&] {
    for (int64_t n = 0; n < store.size(); ++n) EXPECT_EQ(store.group(n).prompt.text, std::to_string(n));
  };
  std::thread other(check);
  check();
  other.join();
}

TEST(GroupStoreBuilder, RefusesNumbersOutOfRange) {
  GroupStoreBuilder builder("/tmp");
  Group group;
  group.responses.resize(2);
  group.comparisons = {{.i = 0, .j = 2}};
  EXPECT_THROW(builder.add(std::move(group), "s"), DataError);
}

}  // namespace
}  // namespace rondo::data
