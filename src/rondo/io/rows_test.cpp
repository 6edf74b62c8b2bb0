// SPDX-License-Identifier: Apache-2.0
#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>
#include <gmock/gmock.h>
#include <parquet/arrow/writer.h>
#include <zlib.h>

#include "rondo/base/error.h"
#include "rondo/io/row_reader.h"
#include "rondo/io/test_folder.h"
#include "rondo/io/text_writer.h"

namespace rondo::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Each row as "number: object" or "number! problem".
std::vector<std::string> rows_of(const std::vector<std::string>& paths) {
  std::vector<std::string> rows;
  const auto reader = open_rows(paths);
  while (const auto row = reader->next()) {
    rows.push_back(std::to_string(row->number) +
                   (row->problem.empty() ? ": " + row->object.dump() : "! " + row->problem));
  }
  return rows;
}

class Rows : public ::testing::Test {
 protected:
  std::vector<std::string> of(const std::string& name, const std::string& content) {
    return rows_of({folder_.write(name, content)});
  }
  TestFolder folder_;
};

TEST_F(Rows, JsonLinesSkipBlankLinesAndKeepLineNumbers) {
  EXPECT_THAT(of("a.jsonl", "\xEF\xBB\xBF{\"a\":1}\r\n\n{\"a\":2}"), ElementsAre(R"(1: {"a":1})", R"(3: {"a":2})"));
}

TEST_F(Rows, AMalformedLineIsReportedAndReadingGoesOn) {
  const auto rows = of("a.jsonl", "{\"a\":\n[1]\n{\"a\":\"\xFF\"}\n{\"a\":2}\n");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_THAT(rows[0], HasSubstr("1! column"));
  EXPECT_EQ(rows[1], "2! not a JSON object but array");
  EXPECT_THAT(rows[2], HasSubstr("ill-formed UTF-8"));
  EXPECT_EQ(rows[3], R"(4: {"a":2})");
}

TEST_F(Rows, JsonArraysStreamByElement) {
  EXPECT_THAT(of("a.json", " [ {\"a\":\"]}\\\"\"},\n{\"a\":{\"b\":[1]}} ]\n"),
              ElementsAre(R"(1: {"a":"]}\""})", R"(2: {"a":{"b":[1]}})"));
  EXPECT_THAT(of("b.json", "[{\"a\":1}, 7, {\"a\" 2}, {\"a\":3}"),
              ElementsAre(R"(1: {"a":1})", "2! not a JSON object but number", HasSubstr("3! column"), R"(4: {"a":3})",
                          "5! the file ends inside the array"));
  EXPECT_THAT(of("c.json", "[{\"a\":1}] x"), ElementsAre(R"(1: {"a":1})", "2! something follows the end of the array"));
  EXPECT_THAT(of("d.json", "[{\"a\":"), ElementsAre("1! the file ends inside this element"));
  EXPECT_THAT(of("e.json", "[]"), ElementsAre());
}

TEST_F(Rows, JsonFilesMayHoldLinesOrOneObject) {
  EXPECT_THAT(of("a.json", "{\"a\":1}\n{\"a\":2}\n"), ElementsAre(R"(1: {"a":1})", R"(2: {"a":2})"));
  EXPECT_THAT(of("b.json", "{\n\"a\":1\n}\n"), ElementsAre(R"(1: {"a":1})"));
}

TEST_F(Rows, CsvFollowsRfc4180) {
  EXPECT_THAT(of("a.csv", "\xEF\xBB\xBFp,q\r\n\"x, \"\"y\"\"\nz\",1\r\n\"\",\r\n"),
              ElementsAre("1: {\"p\":\"x, \\\"y\\\"\\nz\",\"q\":\"1\"}", R"(2: {"p":""})"));
  EXPECT_THAT(of("a.tsv", "p\tq\na\tb\n"), ElementsAre(R"(1: {"p":"a","q":"b"})"));
}

TEST_F(Rows, CsvRowsOfWrongWidthAreReported) {
  EXPECT_THAT(of("a.csv", "p,q\n1,2\n3\n\n4,5\n6,7,8\n9,\xFF\n"),
              ElementsAre(R"(1: {"p":"1","q":"2"})", "2! has 1 columns, the header has 2", R"(4: {"p":"4","q":"5"})",
                          "5! has 3 columns, the header has 2", "6! a cell holds ill-formed UTF-8"));
  EXPECT_THROW(of("b.csv", "p,p\n1,2\n"), DataError);
  EXPECT_THAT(of("c.csv", ""), ElementsAre());
}

TEST_F(Rows, AnyFormatMayBeGzip) {
  EXPECT_THAT(of("a.jsonl.gz", gzip("{\"a\":1}\n")), ElementsAre(R"(1: {"a":1})"));
  EXPECT_THAT(of("a.csv.gz", gzip("p\n1\n")), ElementsAre(R"(1: {"p":"1"})"));
  // Members one after the other are one stream.
  EXPECT_THAT(of("b.jsonl.gz", gzip("{\"a\":1}\n") + gzip("{\"a\":2}\n")),
              ElementsAre(R"(1: {"a":1})", R"(2: {"a":2})"));
}

TEST_F(Rows, WrittenTextIsReadBackPlainAndCompressed) {
  for (const char* name : {"w.jsonl", "w.jsonl.gz"}) {
    TextWriter writer((folder_ / name).string());
    writer.write("{\"a\":1}\n");
    writer.write("{\"a\":2}\n");
    EXPECT_FALSE(std::filesystem::exists(folder_ / name));
    writer.commit();
    EXPECT_THAT(rows_of({(folder_ / name).string()}), ElementsAre(R"(1: {"a":1})", R"(2: {"a":2})"));
  }
  EXPECT_TRUE(TestFolder::read(folder_ / "w.jsonl.gz").starts_with("\x1F\x8B"));
}

TEST_F(Rows, DamagedGzipIsAnError) {
  const std::string good = gzip(std::string(100000, 'x'));
  EXPECT_THROW(of("a.jsonl.gz", good.substr(0, good.size() - 9)), DataError);
  std::string flipped = good;
  flipped[good.size() - 6] = static_cast<char>(flipped[good.size() - 6] ^ 1);
  EXPECT_THROW(of("b.jsonl.gz", flipped), DataError);
}

TEST_F(Rows, AFolderStandsForItsDataFilesByName) {
  folder_.write("b.jsonl", "{\"a\":2}\n");
  folder_.write("a.csv", "a\n1\n");
  folder_.write("README.md", "no data");
  folder_.write("state.json", "{}");
  EXPECT_THAT(rows_of({folder_.path().string()}), ElementsAre(R"(1: {"a":"1"})", R"(1: {"a":2})"));
}

TEST_F(Rows, SaysWhyAPathIsUnusable) {
  EXPECT_THAT(message_of<DataError>([&] { of("a.bin", "\x01\x02\x03"); }), HasSubstr("neither JSON, CSV, TSV"));
  EXPECT_THAT(message_of<DataError>([&] { of("a.parquet", "PAR1 but not really"); }), HasSubstr("a.parquet"));
  EXPECT_THROW(rows_of({(folder_ / "none").string()}), ResourceError);
  std::filesystem::create_directory(folder_ / "empty");
  EXPECT_THROW(rows_of({(folder_ / "empty").string()}), DataError);
}

TEST_F(Rows, LongRowsAreNotCut) {
  const std::string text(3'000'000, 'y');
  EXPECT_EQ(of("a.jsonl", "{\"a\":\"" + text + "\"}\n{\"a\":1}\n").size(), 2u);
  EXPECT_EQ(of("a.json", "[{\"a\":\"" + text + "\"},{\"a\":1}]").size(), 2u);
  EXPECT_EQ(of("a.csv", "a\n" + text + "\nx\n").size(), 2u);
}

// {"prompt": string, "turns": [{"role": string, "n": int or null}]}
std::shared_ptr<arrow::Table> nested_table() {
  const auto turn = arrow::struct_({arrow::field("role", arrow::utf8()), arrow::field("n", arrow::int32())});
  auto roles = std::make_shared<arrow::StringBuilder>();
  auto numbers = std::make_shared<arrow::Int32Builder>();
  auto turns = std::make_shared<arrow::StructBuilder>(
      turn, arrow::default_memory_pool(), std::vector<std::shared_ptr<arrow::ArrayBuilder>>{roles, numbers});
  arrow::ListBuilder lists(arrow::default_memory_pool(), turns);
  arrow::StringBuilder prompts;
  const auto check = [](const arrow::Status& status) { ASSERT_TRUE(status.ok()) << status.message(); };
  check(prompts.Append("x"));
  check(lists.Append());
  check(turns->Append());
  check(roles->Append("user"));
  check(numbers->Append(7));
  check(turns->Append());
  check(roles->Append("assistant"));
  check(numbers->AppendNull());
  check(prompts.AppendNull());
  check(lists.AppendNull());
  const auto schema = arrow::schema({arrow::field("prompt", arrow::utf8()), arrow::field("turns", lists.type())});
  return arrow::Table::Make(schema, {prompts.Finish().ValueOrDie(), lists.Finish().ValueOrDie()});
}

TEST_F(Rows, ParquetAndArrowGiveNestedRowsWithoutNulls) {
  const auto table = nested_table();
  auto parquet = arrow::io::FileOutputStream::Open((folder_ / "a.parquet").string()).ValueOrDie();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), parquet).ok());
  ASSERT_TRUE(parquet->Close().ok());
  for (const bool stream : {false, true}) {
    auto out = arrow::io::FileOutputStream::Open((folder_ / (stream ? "s.arrow" : "f.arrow")).string()).ValueOrDie();
    auto writer =
        (stream ? arrow::ipc::MakeStreamWriter(out, table->schema()) : arrow::ipc::MakeFileWriter(out, table->schema()))
            .ValueOrDie();
    ASSERT_TRUE(writer->WriteTable(*table).ok() && writer->Close().ok() && out->Close().ok());
  }
  folder_.write("b.parquet.gz", gzip(TestFolder::read(folder_ / "a.parquet")));
  for (const char* name : {"a.parquet", "b.parquet.gz", "f.arrow", "s.arrow"}) {
    EXPECT_THAT(rows_of({(folder_ / name).string()}),
                ElementsAre(R"(1: {"prompt":"x","turns":[{"role":"user","n":7},{"role":"assistant"}]})", "2: {}"))
        << name;
  }
}

}  // namespace
}  // namespace rondo::io
