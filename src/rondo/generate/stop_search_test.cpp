// SPDX-License-Identifier: Apache-2.0
// The search against a whole decoding after every token, on random tokens that cut texts and characters anywhere.
#include "rondo/generate/stop_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rondo/base/random.h"

namespace rondo::generate {
namespace {

using nlohmann::json;

text::Tokenizer tokenizer_of(const std::vector<std::string>& tokens, const json& decoder) {
  json vocab;
  for (size_t id = 0; id < tokens.size(); ++id) vocab[tokens[id]] = id;
  const json tree = {{"added_tokens",
                      {{{"id", 0},
                        {"content", tokens[0]},
                        {"special", true},
                        {"single_word", false},
                        {"lstrip", false},
                        {"rstrip", false},
                        {"normalized", false}}}},
                     {"decoder", decoder},
                     {"model", {{"type", "WordLevel"}, {"vocab", vocab}, {"unk_token", tokens[0]}}}};
  return text::Tokenizer::from_json(tree.dump(), "test");
}

// The tokens of a byte-level alphabet: U+00C3 and U+00A9 stand for the two bytes of an e with an acute accent, U+0120
// for a blank.
text::Tokenizer byte_level() {
  return tokenizer_of(
      {"<s>", "a", "b", "ab", "\u0120", "b\u0120", "\u00C3", "\u00A9", "a\u00C3", "\u00A9b", "\u0120\u00C3"},
      {{"type", "ByteLevel"}});
}

// Bytes as tokens of their own, and a first blank that is not shown.
text::Tokenizer byte_fallback() {
  return tokenizer_of({"<s>", "a", "b", "ab", "\u2581", "\u2581b", "<0xC3>", "<0xA9>"},
                      {{"type", "Sequence"},
                       {"decoders",
                        {{{"type", "Replace"}, {"pattern", {{"String", "\u2581"}}}, {"content", " "}},
                         {{"type", "ByteFallback"}},
                         {{"type", "Fuse"}},
                         {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}});
}

// Words that are put together with blanks.
text::Tokenizer words() { return tokenizer_of({"<s>", "a", "b", "ab"}, nullptr); }

std::optional<std::string> by_whole_decoding(const text::Tokenizer& tokenizer, const std::vector<std::string>& stop,
                                             std::span<const int32_t> ids) {
  const std::string text = tokenizer.decode(ids, true);
  size_t first = std::string::npos;
  for (const std::string& s : stop) first = std::min(first, text.find(s));
  return first == std::string::npos ? std::nullopt : std::optional(text.substr(0, first));
}

TEST(StopSearch, FindsWhatAWholeDecodingFinds) {
  constexpr uint64_t kTrials = 3000, kMostTokens = 40;
  const std::vector<std::string> texts = {"ab",  "ba b",         "b a", "\u00E9", "a\u00E9b", "\u00E9\u00E9 ",
                                          "aaa", "abababababab", " ",   "\uFFFD", "b\uFFFD",  ""};
  int64_t found = 0, not_found = 0;
  const text::Tokenizer tokenizers[] = {byte_level(), byte_fallback(), words()};
  for (const text::Tokenizer& tokenizer : tokenizers) {
    for (uint64_t trial = 0; trial < kTrials; ++trial) {
      Random random = Random(7).split(trial);
      std::vector<std::string> stop;
      for (uint64_t k = 0; k <= random.below(2); ++k) stop.push_back(texts[random.below(texts.size())]);
      StopSearch search(tokenizer, stop);
      std::vector<int32_t> ids;
      std::optional<std::string> text;
      while (!text && ids.size() < kMostTokens) {
        ids.push_back(static_cast<int32_t>(random.below(static_cast<uint64_t>(tokenizer.vocab_size()))));
        text = search.push(ids);
        ASSERT_EQ(text, by_whole_decoding(tokenizer, stop, ids))
            << trial << " after " << ids.size() << " tokens, stop '" << stop.back() << "'";
      }
      ++(text ? found : not_found);
    }
  }
  EXPECT_GT(found, 2000);
  EXPECT_GT(not_found, 1000);
}

TEST(StopSearch, FindsNothingWithoutStopTexts) {
  const text::Tokenizer tokenizer = words();
  const std::vector<std::string> none;
  StopSearch search(tokenizer, none);
  EXPECT_EQ(search.push(std::vector<int32_t>{1}), std::nullopt);
}

}  // namespace
}  // namespace rondo::generate
