// SPDX-License-Identifier: Apache-2.0
// Parquet files and JSON lists that are written row by row, read back by the row readers.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/io/json_list_writer.h"
#include "rondo/io/parquet_writer.h"
#include "rondo/io/row_reader.h"
#include "rondo/io/test_folder.h"

namespace rondo::io {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using ::testing::HasSubstr;

std::vector<json> rows_of(const std::string& path) {
  std::vector<json> rows;
  const auto reader = open_rows({path});
  while (auto row = reader->next()) rows.push_back(row->problem.empty() ? json(row->object) : json(row->problem));
  return rows;
}

TEST(ParquetWriter, RowsComeBackAsTheyWere) {
  const TestFolder folder;
  const std::string path = (folder / "rows.parquet").string();
  // A text that looks like a date, numbers that look whole, nested lists, quotes and other scripts.
  const ordered_json rows[] = {
      {{"prompt", "2024-01-01"},
       {"turns", {{{"role", "user"}, {"content", "a \"b\"\n\xC3\xA9"}}}},
       {"p", {{0.5, 1.0}, {0.25, 3.0}}},
       {"n", 7},
       {"b", true}},
      {{"prompt", "2024-02-03"}, {"turns", ordered_json::array()}, {"p", {{1e-30, -2.5}}}, {"n", -1}, {"b", false}},
  };
  ParquetWriter writer(path);
  for (const ordered_json& row : rows) writer.write(row);
  EXPECT_FALSE(std::filesystem::exists(path));
  writer.commit();
  const std::vector<json> back = rows_of(path);
  ASSERT_EQ(back.size(), 2u);
  for (size_t n = 0; n < 2; ++n) EXPECT_EQ(back[n], json(rows[n]));
}

TEST(ParquetWriter, ManyRowGroupsKeepTheOrder) {
  const TestFolder folder;
  const std::string path = (folder / "rows.parquet").string();
  const std::string text(size_t{1} << 20, 'x');
  ParquetWriter writer(path);
  for (int n = 0; n < 150; ++n) writer.write({{"n", n}, {"text", text}});
  writer.commit();
  const std::vector<json> back = rows_of(path);
  ASSERT_EQ(back.size(), 150u);
  for (int n = 0; n < 150; ++n) EXPECT_EQ(back[static_cast<size_t>(n)]["n"], n);
}

TEST(ParquetWriter, OtherColumnsAndTypesAreRefused) {
  const TestFolder folder;
  for (const ordered_json& second : {ordered_json{{"a", 1.5}, {"b", 2}}, ordered_json{{"a", "text"}}}) {
    const std::string path = (folder / "rows.parquet").string();
    ParquetWriter writer(path);
    writer.write({{"a", 1.5}});
    writer.write(second);
    EXPECT_THAT(message_of<DataError>([&] { writer.commit(); }), HasSubstr("columns and types of the first"));
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_THROW(ParquetWriter((folder / "no" / "rows.parquet").string()), ResourceError);
}

TEST(ParquetWriter, NoRowsAreAFile) {
  const TestFolder folder;
  ParquetWriter writer((folder / "rows.parquet").string());
  writer.commit();
  EXPECT_TRUE(rows_of((folder / "rows.parquet").string()).empty());
}

TEST(JsonListWriter, WritesAList) {
  const TestFolder folder;
  for (const size_t count : {0u, 1u, 3u}) {
    JsonListWriter writer((folder / "list.json").string());
    for (size_t n = 0; n < count; ++n) writer.write({{"n", n}});
    writer.commit();
    const json list = json::parse(TestFolder::read(folder / "list.json"));
    ASSERT_EQ(list.size(), count);
    for (size_t n = 0; n < count; ++n) EXPECT_EQ(list[n], json({{"n", n}}));
  }
}

}  // namespace
}  // namespace rondo::io
