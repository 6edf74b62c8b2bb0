// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/safetensors.h"

#include <gmock/gmock.h>

#include "rondo/base/error.h"
#include "rondo/io/test_folder.h"

namespace rondo::io {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string file_of(const std::string& header, const std::string& data) {
  std::string file(8, '\0');
  for (size_t i = 0; i < 8; ++i) file[i] = static_cast<char>((header.size() >> (8 * i)) & 0xFF);
  return file + header + data;
}

std::string problem(const std::string& file) {
  return message_of<ModelError>([&] {
    std::map<std::string, std::string> metadata;
    (void)parse_safetensors(file, "m.safetensors", metadata);
  });
}

TEST(Safetensors, WritesAndReadsBack) {
  const TestFolder folder;
  SafetensorsWriter writer(folder / "m.safetensors",
                           {{"b", DType::kU8, {3}}, {"a", DType::kF32, {2, 1}}, {"empty", DType::kF16, {0, 4}}},
                           {{"format", "pt"}});
  writer.write("b", "xyz");
  writer.write("a", "abcdefgh");
  writer.write("empty", "");
  EXPECT_FALSE(std::filesystem::exists(folder / "m.safetensors"));
  writer.commit();
  const SafetensorsReader reader(folder / "m.safetensors");
  ASSERT_EQ(reader.tensors().size(), 3u);
  EXPECT_EQ(reader.find("a")->bytes, "abcdefgh");
  EXPECT_THAT(reader.find("a")->shape, ElementsAre(2, 1));
  EXPECT_EQ(reader.find("b")->bytes, "xyz");
  EXPECT_EQ(reader.find("none"), nullptr);
  EXPECT_EQ(reader.metadata().at("format"), "pt");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(reader.find("a")->bytes.data()) % 4, 0u);
}

TEST(Safetensors, WriterDemandsEveryTensorOnce) {
  const TestFolder folder;
  SafetensorsWriter writer(folder / "m", {{"a", DType::kU8, {1}}}, {});
  EXPECT_THROW(writer.commit(), InternalError);
  EXPECT_THROW(writer.write("z", "x"), InternalError);
  EXPECT_THROW(writer.write("a", "xx"), InternalError);
  writer.write("a", "x");
  EXPECT_THROW(writer.write("a", "x"), InternalError);
}

struct BrokenHeader {
  const char* header;
  const char* data;
  const char* expected;
};

TEST(Safetensors, RefusesEveryContradictionInTheHeader) {
  const BrokenHeader cases[] = {
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,3]}})", "xyz", "need 2 bytes, data_offsets hold 3"},
      {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "xyz", "outside of the 3 data bytes"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}})", "xyz", "outside of the 3 data bytes"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "xyz", "1 bytes at the end belong to no tensor"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", "xyz", "bytes before it belong to no tensor"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
       "xyz", "overlaps the tensor before it"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
       "x", "appears twice"},
      {R"({"a":{"dtype":"U9","shape":[1],"data_offsets":[0,1]}})", "x", "unknown dtype \"U9\""},
      {R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", "x", "non-negative integers"},
      {R"({"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}})", "x", "non-negative integers"},
      {R"({"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", "", "shape is too large"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})", "x", "two non-negative integers"},
      {R"({"a":{"dtype":"U8","shape":[1]}})", "x", "exactly dtype, shape and data_offsets"},
      {R"({"a":7})", "x", "exactly dtype, shape and data_offsets"},
      {R"({"__metadata__":{"a":1}})", "", "object of strings"},
      {R"([])", "", "not a JSON object"},
      {R"({"a")", "", "m.safetensors: header: column 5: "},
  };
  for (const BrokenHeader& row : cases) {
    EXPECT_THAT(problem(file_of(row.header, row.data)), HasSubstr(row.expected)) << row.header;
  }
}

// Weights are fetched again; what else is done about a file, its reader knows.
TEST(Safetensors, EndsInTheRemedyOfItsReader) {
  const TestFolder folder;
  const IfDamaged ours = {.kind = ErrorKind::kData, .remedy = "make it again"};
  for (const char* header : {R"({"a")", R"({"a":7})"}) {
    folder.write("m.safetensors", file_of(header, "x"));
    EXPECT_THAT(message_of<DataError>([&] { const SafetensorsReader reader(folder / "m.safetensors", ours); }),
                EndsWith(": make it again"));
    EXPECT_THAT(message_of<ModelError>([&] { const SafetensorsReader reader(folder / "m.safetensors"); }),
                EndsWith(": fetch it again"));
  }
}

TEST(Safetensors, RefusesAHeaderLengthThatDoesNotFit) {
  EXPECT_THAT(problem("abc"), HasSubstr("shorter than the 8 bytes"));
  EXPECT_THAT(problem(std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", 8) + "{}"), HasSubstr("header length"));
  EXPECT_THAT(problem(file_of("{}", "").substr(0, 9)), HasSubstr("header length"));
}

class Shards : public ::testing::Test {
 protected:
  void SetUp() override {
    write_shard("s1.safetensors", "a");
    write_shard("s2.safetensors", "b");
  }
  void write_shard(const std::string& file, const std::string& tensor) {
    folder_.write(file, file_of(R"({")" + tensor + R"(":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x"));
  }
  std::string index_problem(const std::string& map) {
    folder_.write("model.safetensors.index.json", R"({"weight_map":)" + map + "}");
    return message_of<ModelError>([&] { const SafetensorsReader reader(folder_.path()); });
  }
  TestFolder folder_;
};

TEST_F(Shards, AreReadAsOne) {
  folder_.write("model.safetensors.index.json", R"({"weight_map":{"a":"s1.safetensors","b":"s2.safetensors"}})");
  EXPECT_EQ(SafetensorsReader(folder_.path()).tensors().size(), 2u);
}

TEST_F(Shards, MustAgreeWithTheIndex) {
  EXPECT_THAT(index_problem(R"({"a":"s1.safetensors","c":"s2.safetensors"})"), HasSubstr("c should be in"));
  EXPECT_THAT(index_problem(R"({"a":"s3.safetensors"})"), HasSubstr("shard s3.safetensors is missing"));
  EXPECT_THAT(index_problem(R"({"a":"../s1.safetensors"})"), HasSubstr("not a plain file name"));
  EXPECT_THAT(index_problem("7"), HasSubstr("no weight_map object"));
  folder_.write(
      "s2.safetensors",
      file_of(
          R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"z":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}})",
          "x"));
  EXPECT_THAT(index_problem(R"({"a":"s1.safetensors","b":"s2.safetensors"})"),
              HasSubstr("z is in s2.safetensors and not"));
}

TEST(Safetensors, SaysWhatAFolderLacks) {
  const TestFolder folder;
  const auto message = message_of<ModelError>([&] { const SafetensorsReader reader(folder.path()); });
  EXPECT_THAT(message, HasSubstr("neither model.safetensors nor model.safetensors.index.json"));
}

}  // namespace
}  // namespace rondo::io
