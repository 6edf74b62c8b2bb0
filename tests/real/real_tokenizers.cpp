// SPDX-License-Identifier: Apache-2.0
// Every recorded case of every recorded tokenizer: ids with and without special tokens, and both ways to decode.
#include <gtest/gtest.h>

#include "rondo/text/tokenizer/token_stream.h"
#include "rondo/text/tokenizer/tokenizer.h"
#include "tests/real/shared_data.h"

namespace rondo::text {
namespace {

using Ids = std::vector<int32_t>;

struct Counts {
  int cases = 0;
  int different = 0;
};

class Comparison {
 public:
  Comparison(const Tokenizer& tokenizer, std::string name) : tokenizer_(tokenizer), name_(std::move(name)) {}

  void encode_row(const nlohmann::ordered_json& row) {
    const auto text = row.at("text").get<std::string>();
    const Ids ids = row.at("ids"), ids_special = row.at("ids_special");
    expect(tokenizer_.encode_ids(text, false) == ids, "ids", text);
    expect(tokenizer_.encode_ids(text, true) == ids_special, "ids_special", text);
    expect(tokenizer_.decode(ids, false) == row.at("decoded").get<std::string>(), "decoded", text);
    expect(tokenizer_.decode(ids_special, true) == row.at("decoded_skip").get<std::string>(), "decoded_skip", text);
    expect(streamed(ids) == row.at("decoded").get<std::string>(), "streamed", text);
    const Encoding encoding = tokenizer_.encode(text, true);
    const bool fits = encoding.offsets.size() == encoding.ids.size() && encoding.is_added.size() == encoding.ids.size();
    expect(fits, "offsets", text);
    for (const TextSpan& span : encoding.offsets)
      expect(span.begin <= span.end && span.end <= text.size(), "offsets", text);
  }

  void decode_row(const nlohmann::ordered_json& row) {
    const Ids ids = row.at("ids");
    expect(tokenizer_.decode(ids, false) == row.at("decoded").get<std::string>(), "decode", row.dump());
    expect(tokenizer_.decode(ids, true) == row.at("decoded_skip").get<std::string>(), "decode skip", row.dump());
  }

  Counts counts;

 private:
  std::string streamed(const Ids& ids) const {
    TokenStream stream(tokenizer_, false);
    std::string text;
    for (const int32_t id : ids) text += stream.push(id);
    return text + stream.finish();
  }

  void expect(bool equal, const char* what, const std::string& text) {
    ++counts.cases;
    if (equal) return;
    constexpr int kShown = 3;
    if (++counts.different <= kShown) ADD_FAILURE() << name_ << ": " << what << " differs: " << text;
  }

  const Tokenizer& tokenizer_;
  std::string name_;
};

TEST(RealTokenizers, EqualTheRecordedCases) {
  const auto folder = rondo::testing::shared_data("tokenizers");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no recorded tokenizers in " << folder;
  Counts all;
  int tokenizers = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto plain = entry.path() / "tokenizer.json";
    const auto packed = entry.path() / "tokenizer.json.gz";
    if (!std::filesystem::exists(entry.path() / "cases.jsonl.gz")) continue;
    const auto name = entry.path().filename().string();
    try {
      const Tokenizer tokenizer = Tokenizer::load((std::filesystem::exists(plain) ? plain : packed).string());
      Comparison comparison(tokenizer, name);
      rondo::testing::for_each_row(entry.path() / "cases.jsonl.gz",
                                   [&](const auto& row) { comparison.encode_row(row); });
      rondo::testing::for_each_row(entry.path() / "decode.jsonl.gz",
                                   [&](const auto& row) { comparison.decode_row(row); });
      all.cases += comparison.counts.cases;
      all.different += comparison.counts.different;
      if (comparison.counts.different > 0)
        std::printf("%s: %d of %d differ\n", name.c_str(), comparison.counts.different, comparison.counts.cases);
    } catch (const std::exception& error) {
      ADD_FAILURE() << name << ": " << error.what();
    }
    ++tokenizers;
  }
  std::printf("%d tokenizers, %d comparisons, %d differ\n", tokenizers, all.cases, all.different);
  EXPECT_EQ(all.different, 0);
  EXPECT_GT(tokenizers, 0);
}

}  // namespace
}  // namespace rondo::text
