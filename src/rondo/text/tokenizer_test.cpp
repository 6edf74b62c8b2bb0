// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rondo/base/error.h"

namespace rondo::text {
namespace {

constexpr const char* kBytePairs = R"({
  "added_tokens": [{"id": 9, "content": "<|end|>", "special": true, "normalized": false}],
  "normalizer": null,
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<|end|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"<|end|>": {"id": "<|end|>", "ids": [9], "tokens": ["<|end|>"]}}},
  "decoder": {"type": "ByteLevel"},
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4, "\u0120": 5, "\u0120a": 6, "\u00c3": 7, "\u00a9": 8},
            "merges": ["a b", "ab c", ["\u0120", "a"]]}})";

using Ids = std::vector<int32_t>;

TEST(Tokenizer, MergesBytePairsInRankOrder) {
  const Tokenizer tokenizer = Tokenizer::from_json(kBytePairs, "test");
  EXPECT_EQ(tokenizer.encode_ids("abc ab a", false), (Ids{4, 5, 3, 6}));
  EXPECT_EQ(tokenizer.encode_ids("", false), Ids{});
}

TEST(Tokenizer, SaysWhereTokensComeFrom) {
  const Tokenizer tokenizer = Tokenizer::from_json(kBytePairs, "test");
  const Encoding encoding = tokenizer.encode("abc<|end|> a\xC3\xA9", true);
  EXPECT_EQ(encoding.ids, (Ids{9, 4, 9, 6, 7, 8}));
  EXPECT_EQ(encoding.offsets, (std::vector<TextSpan>{{0, 0}, {0, 3}, {3, 10}, {10, 12}, {12, 13}, {13, 14}}));
  EXPECT_EQ(encoding.is_added, (std::vector<uint8_t>{1, 0, 0, 0, 0, 0}));
}

TEST(Tokenizer, DecodesBytesAndSkipsSpecialTokens) {
  const Tokenizer tokenizer = Tokenizer::from_json(kBytePairs, "test");
  EXPECT_EQ(tokenizer.decode(Ids{9, 4, 6, 7, 8}, false), "<|end|>abc a\xC3\xA9");
  EXPECT_EQ(tokenizer.decode(Ids{9, 4, 6, 7, 8, 1000}, true), "abc a\xC3\xA9");
  // Half a character is one U+FFFD.
  EXPECT_EQ(tokenizer.decode(Ids{7, 4}, true),
            "\xEF\xBF\xBD"
            "abc");
}

TEST(Tokenizer, CountsIllFormedBytesAsReplacementCharacters) {
  const Tokenizer tokenizer = Tokenizer::from_json(
      R"({"model": {"type": "WordLevel", "vocab": {"<unk>": 0, "a": 1, "\ufffd": 2}, "unk_token": "<unk>"},
          "pre_tokenizer": {"type": "WhitespaceSplit"}})",
      "test");
  const Encoding encoding = tokenizer.encode("a \xFF a", false);
  EXPECT_EQ(encoding.ids, (Ids{1, 2, 1}));
  EXPECT_EQ(encoding.offsets, (std::vector<TextSpan>{{0, 1}, {2, 3}, {4, 5}}));
}

TEST(Tokenizer, KeepsWordsAndPunctuationApartUnderWhitespace) {
  const Tokenizer tokenizer = Tokenizer::from_json(
      R"({"model": {"type": "WordLevel", "vocab": {"<unk>": 0, "it": 1, "'": 2, "s": 3, "?!": 4}, "unk_token": "<unk>"},
          "pre_tokenizer": {"type": "Whitespace"}})",
      "test");
  EXPECT_EQ(tokenizer.encode_ids("it's so?!", false), (Ids{1, 2, 3, 0, 4}));
}

TEST(Tokenizer, FindsAddedTokensWithTheirSurroundings) {
  const Tokenizer tokenizer = Tokenizer::from_json(
      R"({"added_tokens": [{"id": 5, "content": "[M]", "lstrip": true, "rstrip": false, "special": true, "normalized": false},
                           {"id": 6, "content": "now", "single_word": true, "normalized": true}],
          "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"},
          "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "a": 1, "know": 2}, "unk_token": "<unk>"}})",
      "test");
  const Encoding encoding = tokenizer.encode("A  [M] know NOW", false);
  EXPECT_EQ(encoding.ids, (Ids{1, 5, 2, 6}));
  EXPECT_EQ(encoding.offsets[1], (TextSpan{1, 6}));
}

TEST(Tokenizer, RefusesUnknownComponentsByName) {
  try {
    static_cast<void>(Tokenizer::from_json(
        R"({"normalizer": {"type": "NFCX"}, "model": {"type": "WordLevel", "vocab": {}}})", "t.json"));
    FAIL() << "not refused";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("unknown normalizer 'NFCX'"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("t.json"));
  }
}

TEST(Tokenizer, RefusesDamagedFiles) {
  EXPECT_THROW(static_cast<void>(Tokenizer::from_json("{\"model\":", "t")), ModelError);
  EXPECT_THROW(static_cast<void>(Tokenizer::from_json("[]", "t")), ModelError);
  EXPECT_THROW(
      static_cast<void>(Tokenizer::from_json(R"({"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}})", "t")),
      ModelError);
  EXPECT_THROW(static_cast<void>(
                   Tokenizer::from_json(R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}})", "t")),
               ModelError);
  EXPECT_THROW(static_cast<void>(Tokenizer::load("/no/such/tokenizer.json")), ModelError);
}

}  // namespace
}  // namespace rondo::text
