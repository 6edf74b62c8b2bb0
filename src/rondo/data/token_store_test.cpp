// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/token_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include "rondo/base/error.h"
#include "rondo/base/random.h"
#include "rondo/io/test_folder.h"
#include "rondo/text/tokenizer/word_tokenizer.h"

namespace rondo::data {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kLimit = 16;

text::TextEncoder encoder() {
  return {text::Tokenizer::from_json(text::build_word_tokenizer({"a", "b", "c"}), "test"), std::nullopt, {}};
}

// So many groups that the first pass takes them in two chunks; some responses are longer than kLimit.
GroupStore groups() {
  constexpr int kGroups = 1500, kResponses = 4;
  const io::TestFolder folder;
  std::string rows;
  Random random(5);
  for (int g = 0; g < kGroups; ++g) {
    std::string responses;
    for (int r = 0; r < kResponses; ++r) {
      std::string text(1, static_cast<char>('a' + r % 3));
      for (uint64_t word = random.below(r == 0 ? 20 : 8); word > 0; --word)
        text += fmt::format(" {}", static_cast<char>('a' + random.below(4)));
      responses += fmt::format("{}\"{} {}\"", r > 0 ? "," : "", text, r);
    }
    rows += fmt::format(R"({{"prompt":"{} ","responses":[{}],"comparisons":[{{"i":0,"j":1}},{{"i":3,"j":2}}]}})", g,
                        responses) +
            "\n";
  }
  return read_groups({.files = {folder.write("rows.jsonl", rows)}});
}

std::string describe(const TokenGroup& group) {
  std::string text;
  for (int64_t k = 0; k < group.sequence_count(); ++k)
    text += fmt::format("{} ", fmt::join(group.sequence(k).ids, ","));
  for (const Comparison& c : group.comparisons) text += fmt::format("{}>{} ", c.i, c.j);
  return text;
}

TEST(TokenStore, IsTheSameFromAnyNumberOfThreads) {
  const text::TextEncoder text_encoder = encoder();
  TokenOptions options{.max_length = kLimit, .overlong = "drop"};
  TokenStore one(groups(), text_encoder, options, silent_progress());
  options.threads = 3;
  TokenStore three(groups(), text_encoder, options, silent_progress());
  EXPECT_EQ(one.report(), three.report());
  EXPECT_GT(one.report().dropped, 100);
  ASSERT_EQ(one.size(), three.size());
  int64_t responses = 0;
  for (int64_t g = 0; g < one.size(); ++g) {
    Overlong overlong;
    const TokenGroup alone = token_group(one.groups().group(g), text_encoder, options, "", overlong);
    ASSERT_EQ(describe(*one.get(g)), describe(alone));
    ASSERT_EQ(describe(*three.get(g)), describe(alone));
    ASSERT_EQ(three.response_count(g), static_cast<int64_t>(alone.responses.size()));
    ASSERT_EQ(three.get(g)->places, alone.places);
    responses += static_cast<int64_t>(alone.responses.size());
  }
  EXPECT_EQ(one.report().responses, responses);
}

TEST(TokenStore, NamesTheFirstGroupThatFails) {
  const text::TextEncoder text_encoder = encoder();
  const auto refusal = [&](int64_t threads) -> std::string {
    try {
      const TokenStore store(groups(), text_encoder, {.max_length = kLimit, .threads = threads}, silent_progress());
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  };
  const GroupStore source = groups();
  int64_t first = 0;
  for (bool fits = true; fits; ++first) {
    Overlong overlong;
    const TokenOptions drop{.max_length = kLimit, .overlong = "drop"};
    static_cast<void>(token_group(source.group(first), text_encoder, drop, "", overlong));
    fits = overlong.responses == 0;
  }
  EXPECT_THAT(refusal(1), HasSubstr(fmt::format("rows.jsonl: row {}:", first)));
  EXPECT_EQ(refusal(1), refusal(3));
}

// A cache of one byte holds the group that was read last and reads every other one anew.
TEST(TokenStore, ReadsAnEvictedGroupAnew) {
  const text::TextEncoder text_encoder = encoder();
  TokenOptions options{.max_length = kLimit, .overlong = "drop", .threads = 2};
  TokenStore all(groups(), text_encoder, options, silent_progress());
  options.cache_bytes = 1;
  TokenStore none(groups(), text_encoder, options, silent_progress());
  for (const int64_t g : {int64_t{0}, all.size() - 1, int64_t{7}})
    EXPECT_EQ(describe(*all.get(g)), describe(*none.get(g)));
  EXPECT_EQ(none.get(7), none.get(7));
}

}  // namespace
}  // namespace rondo::data
