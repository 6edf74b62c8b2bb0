// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/json.h"
#include "rondo/io/mapped_file.h"
#include "rondo/io/test_folder.h"

namespace rondo::io {
namespace {

using ::testing::HasSubstr;

TEST(MappedFile, ShowsTheBytesAndAnEmptyFile) {
  const TestFolder folder;
  EXPECT_EQ(MappedFile(folder.write("a", "xyz")).bytes(), "xyz");
  EXPECT_EQ(MappedFile(folder.write("b", "")).bytes(), "");
}

TEST(MappedFile, NamesTheFileThatCannotBeRead) {
  const TestFolder folder;
  const auto message = message_of<ResourceError>([&] { const MappedFile file(folder / "none"); });
  EXPECT_THAT(message, HasSubstr("none: No such file or directory; check the path"));
  EXPECT_THROW(const MappedFile file(folder.path()), ResourceError);
}

TEST(AtomicFile, ReplacesOnlyOnCommit) {
  const TestFolder folder;
  const std::string target = folder.write("a.txt", "old");
  {
    AtomicFile file(target);
    file.write("half");
  }
  EXPECT_EQ(TestFolder::read(target), "old");
  write_file(target, "new");
  EXPECT_EQ(TestFolder::read(target), "new");
  EXPECT_EQ(folder.file_count(), 1u);  // no temporary file stays
}

TEST(AtomicFile, WritesPartsInAnyOrder) {
  const TestFolder folder;
  AtomicFile file(folder / "a");
  file.write("head");
  file.write_at(6, "cd");
  file.write_at(4, "ab");
  file.commit();
  EXPECT_EQ(TestFolder::read(folder / "a"), "headabcd");
}

// As a shell hands them over: a file opened to append, and a pipe.
TEST(AtomicFile, WritesOpenFilesWhereTheyStand) {
  const TestFolder folder;
  const std::string target = folder.write("log", "first\n");
  const int appended = ::open(target.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  for (const char* name : {"/dev/fd/{}", "/proc/self/fd/{}"})
    write_file(fmt::format(fmt::runtime(name), appended), "more\n");
  std::filesystem::create_symlink(fmt::format("/dev/fd/{}", appended), folder / "link");
  write_file(folder / "link", "linked\n");
  ::close(appended);
  EXPECT_EQ(TestFolder::read(target), "first\nmore\nmore\nlinked\n");
  EXPECT_EQ(folder.file_count(), 2u);

  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  write_file(fmt::format("/dev/fd/{}", ends[1]), "through");
  ::close(ends[1]);
  std::string read(16, '\0');
  read.resize(static_cast<size_t>(::read(ends[0], read.data(), read.size())));
  ::close(ends[0]);
  EXPECT_EQ(read, "through");
}

TEST(AtomicFile, LeftoversOfTheDeadGoAndNothingElse) {
  const TestFolder folder;
  std::filesystem::create_directories(folder / "deep");
  for (const char* name : {".a.json.77.0.tmp", "deep/.b.77.3.tmp", "keep.tmp", ".keep", "deep/c"})
    folder.write(name, "x");
  remove_leftovers(folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder / ".a.json.77.0.tmp"));
  EXPECT_FALSE(std::filesystem::exists(folder / "deep/.b.77.3.tmp"));
  for (const char* name : {"keep.tmp", ".keep", "deep/c"}) EXPECT_TRUE(std::filesystem::exists(folder / name)) << name;
}

TEST(AtomicFile, KeepsASymbolicLink) {
  const TestFolder folder;
  folder.write("real", "old");
  std::filesystem::create_symlink("real", folder / "link");
  write_file(folder / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(TestFolder::read(folder / "real"), "new");
}

TEST(AtomicFile, WritesToADeviceWithoutReplacingIt) {
  write_file("/dev/null", "gone");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(AtomicFile, SaysThatTheDiskIsFull) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const auto message = message_of<ResourceError>([] { write_file("/dev/full", "x"); });
  EXPECT_EQ(message, "cannot write: /dev/full: No space left on device; free space on that disk or write elsewhere");
}

TEST(AtomicFile, SaysThatTheFolderIsMissing) {
  const TestFolder folder;
  const auto message = message_of<ResourceError>([&] { write_file(folder / "no/file", "x"); });
  EXPECT_THAT(message, HasSubstr("No such file or directory; create the folder first"));
}

TEST(PublishDirectory, SwapsAWholeFolder) {
  const TestFolder folder;
  std::filesystem::create_directories(folder / "run.part/sub");
  folder.write("run.part/a", "1");
  publish_directory(folder / "run.part", folder / "run");
  EXPECT_EQ(TestFolder::read(folder / "run/a"), "1");
  std::filesystem::create_directories(folder / "run.part");
  folder.write("run.part/a", "2");
  publish_directory(folder / "run.part", folder / "run");
  EXPECT_EQ(TestFolder::read(folder / "run/a"), "2");
  EXPECT_EQ(folder.file_count(), 1u);
}

TEST(Json, SaysWhereItIsMalformed) {
  const auto message =
      message_of<ModelError>([] { (void)parse_json("{\n \"a\": tru}", "config.json", ErrorKind::kModel); });
  EXPECT_THAT(message, HasSubstr("cannot parse JSON: config.json: line 2, column "));
  EXPECT_THAT(message, HasSubstr("invalid literal"));
  EXPECT_THROW((void)parse_json("{} x", "f"), DataError);
  EXPECT_THROW((void)parse_json("[1e999]", "f"), DataError);
  EXPECT_THROW((void)parse_json("\"\xC0\x80\"", "f"), DataError);
}

TEST(Json, RefusesDeepNesting) {
  const std::string deep(100000, '[');
  EXPECT_THAT(message_of<DataError>([&] { (void)parse_json(deep, "f"); }), HasSubstr("nested deeper than 200 levels"));
  EXPECT_EQ(parse_json("\"[[[\\\"[[\"", "f"), "[[[\"[[");
  const char* const ordered = "{\"b\": 1, \"a\": [2]}";
  EXPECT_EQ(parse_ordered_json(ordered, "f").dump(), "{\"b\":1,\"a\":[2]}");
  for (const std::string& text :
       {deep, std::string("{\n \"a\": tru}"), std::string("[1e999]"), std::string("\"\xC0\x80\"")}) {
    EXPECT_EQ(message_of<DataError>([&] { (void)parse_ordered_json(text, "f"); }),
              message_of<DataError>([&] { (void)parse_json(text, "f"); }));
  }
}

TEST(Json, ReadsAFileWithAByteOrderMark) {
  const TestFolder folder;
  EXPECT_EQ(read_json_file(folder.write("a.json", "\xEF\xBB\xBF{\"x\": 1}"))["x"], 1);
}

TEST(Utf8, FindsTheFirstIllFormedByte) {
  EXPECT_EQ(find_invalid_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), std::string_view::npos);
  EXPECT_EQ(find_invalid_utf8("ab\xFF"), 2u);
  EXPECT_EQ(find_invalid_utf8("\xC0\xAF"), 0u);      // overlong
  EXPECT_EQ(find_invalid_utf8("\xED\xA0\x80"), 0u);  // surrogate
  EXPECT_EQ(find_invalid_utf8("a\xE2\x82"), 1u);     // cut
}

}  // namespace
}  // namespace rondo::io
