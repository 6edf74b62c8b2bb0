// SPDX-License-Identifier: Apache-2.0
// Readers of foreign bytes under mutation: whatever comes, they answer with a value or a typed error, never a crash.
// RONDO_FUZZ_ITERATIONS sets the number of inputs (default 100,000 each).
#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/base/random.h"
#include "rondo/io/json.h"
#include "rondo/io/row_reader.h"
#include "rondo/io/safetensors.h"
#include "rondo/io/test_folder.h"

namespace rondo {
namespace {

constexpr uint64_t kSeed = 20240817;

int64_t iterations() {
  const char* const text = std::getenv("RONDO_FUZZ_ITERATIONS");
  return text == nullptr ? 100'000 : std::atoll(text);
}

// One to four edits: a byte changed, a piece dropped, doubled or cut off, a token that parsers dislike put in.
std::string mutate(std::string text, Random& random) {
  static const std::string kTokens[] = {"\"",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        ",",
                                        ":",
                                        "\\",
                                        "null",
                                        "1e400",
                                        "-1",
                                        "\xFF",
                                        "\xED\xA0\x80",
                                        std::string(1, '\0'),
                                        "18446744073709551615",
                                        "\n",
                                        "\\ud800",
                                        "0.5",
                                        "true"};
  for (uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
    const size_t at = random.below(text.size() + 1);
    const size_t length = random.below(9);
    switch (random.below(5)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(at, length));
        break;
      case 3:
        text.insert(at, kTokens[random.below(std::size(kTokens))]);
        break;
      default:
        if (random.below(8) == 0) text.resize(at);
        break;
    }
  }
  return text;
}

TEST(Fuzz, SafetensorsGiveViewsInsideTheFileOrAnError) {
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}})";
  std::string seed(8, '\0');
  seed[0] = static_cast<char>(header.size());
  seed += header + std::string(19, 'x');
  Random random(kSeed);
  for (int64_t n = 0; n < iterations(); ++n) {
    const std::string file = mutate(seed, random);
    try {
      std::map<std::string, std::string> metadata;
      for (const io::TensorView& view : io::parse_safetensors(file, "f", metadata)) {
        const char* const begin = file.data();
        ASSERT_TRUE(view.bytes.data() >= begin && view.bytes.data() + view.bytes.size() <= begin + file.size());
      }
    } catch (const ModelError&) {
    }
  }
}

// One column of texts and one of lists, in a form that Arrow writes.
std::string arrow_seed(bool parquet) {
  arrow::StringBuilder texts;
  auto items = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), items);
  for (const char* text : {"a", "b", "c"}) {
    if (!texts.Append(text).ok() || !lists.Append().ok() || !items->Append(text).ok()) return "";
  }
  const auto schema = arrow::schema({arrow::field("prompt", arrow::utf8()), arrow::field("list", lists.type())});
  const auto table = arrow::Table::Make(schema, {texts.Finish().ValueOrDie(), lists.Finish().ValueOrDie()});
  const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
  if (parquet) {
    if (!parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out).ok()) return "";
  } else {
    const auto writer = arrow::ipc::MakeStreamWriter(out, schema).ValueOrDie();
    if (!writer->WriteTable(*table).ok() || !writer->Close().ok()) return "";
  }
  return out->Finish().ValueOrDie()->ToString();
}

// Whole files take the file system along: fewer of them, in every format that is told by its name.
class FuzzFiles : public ::testing::TestWithParam<const char*> {};

TEST_P(FuzzFiles, RowsAreReadOrRefused) {
  const std::map<std::string, std::string> seeds = {
      {"f.jsonl", "{\"prompt\":\"p\",\"chosen\":\"a\"}\n\n{\"x\":[1,{\"y\":2}]}\n"},
      {"f.json", "[{\"prompt\":\"p\",\"chosen\":\"a\"}, {\"x\":[1,{\"y\":\"]\"}]}]"},
      {"f.csv", "prompt,chosen\n\"a \"\"q\"\"\nb\",c\n,d\n"},
      {"f.tsv", "prompt\tchosen\na\tb\n"},
      {"f.parquet", arrow_seed(true)},
      {"f.arrow", arrow_seed(false)}};
  const io::TestFolder folder;
  const std::string& seed = seeds.at(GetParam());
  Random random(kSeed);
  for (int64_t n = 0; n < iterations() / 50; ++n) {
    const std::string path = folder.write(GetParam(), mutate(seed, random));
    try {
      const auto rows = io::open_rows({path});
      while (const auto row = rows->next()) ASSERT_EQ(row->problem.empty(), row->object.is_object());
    } catch (const DataError&) {
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, FuzzFiles,
                         ::testing::Values("f.jsonl", "f.json", "f.csv", "f.tsv", "f.parquet", "f.arrow"),
                         [](const auto& row) { return std::string(row.param + 2); });

}  // namespace
}  // namespace rondo
