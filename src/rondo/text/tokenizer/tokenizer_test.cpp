// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rondo/base/error.h"
#include "rondo/text/tokenizer/token_stream.h"

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
            "merges": ["#version: 0.2", "a b", "ab c", ["\u0120", "a"]]}})";

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
      R"({"added_tokens": [{"id": 3, "content": "[M]", "lstrip": true, "rstrip": false, "special": true, "normalized": false},
                           {"id": 4, "content": "now", "single_word": true, "normalized": true}],
          "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"},
          "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "a": 1, "know": 2}, "unk_token": "<unk>"}})",
      "test");
  const Encoding encoding = tokenizer.encode("A  [M] know NOW", false);
  EXPECT_EQ(encoding.ids, (Ids{1, 3, 2, 4}));
  EXPECT_EQ(encoding.offsets[1], (TextSpan{1, 6}));
}

Tokenizer words(const std::string& fields, const std::string& vocabulary = R"({"<unk>": 0, "a": 1, "b": 2, "ab": 3})") {
  return Tokenizer::from_json(
      R"({"model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": )" + vocabulary + "}, " + fields + "}", "test");
}

// The expectations of the following cases are what tokenizers 0.23.3 gives.
TEST(Tokenizer, NumbersAddedTokensItself) {
  const Tokenizer tokenizer = words(
      R"("added_tokens": [{"id": 90, "content": "[X]"}, {"id": 1, "content": "a"}, {"id": 95, "content": "[Y]"}])");
  EXPECT_EQ(tokenizer.encode_ids("[Y]a[X]", false), (Ids{5, 1, 4}));
}

TEST(Tokenizer, DropsAddedTokensWhoseWhiteSpaceIsTaken) {
  const Tokenizer tokenizer =
      words(R"("added_tokens": [{"id": 4, "content": " ", "lstrip": true, "rstrip": true, "normalized": false}])");
  EXPECT_EQ(tokenizer.encode_ids("a   b", false), (Ids{1, 4, 2}));
}

TEST(Tokenizer, DecodesNormalizedAddedTokensAsNormalized) {
  const Tokenizer tokenizer = words(
      R"("normalizer": {"type": "Lowercase"},
         "added_tokens": [{"id": 4, "content": "[X]", "normalized": true, "special": true}])");
  EXPECT_EQ(tokenizer.encode_ids("[x]", false), Ids{4});
  EXPECT_EQ(tokenizer.decode(Ids{4, 1}, true), "[x] a");
}

TEST(Tokenizer, CutsWhereTheScriptChangesAndDropsWhatStandsBefore) {
  const Tokenizer tokenizer =
      words(R"("pre_tokenizer": {"type": "UnicodeScripts"})", R"({"<unk>": 0, "ab ": 1, "\u044f": 2, ".": 3})");
  EXPECT_EQ(tokenizer.encode_ids(" ab \xD1\x8F.", false), (Ids{1, 2, 3}));
  EXPECT_EQ(tokenizer.encode_ids("  ", false), Ids{});
}

TEST(Tokenizer, AppliesPostProcessorsInTurn) {
  const Tokenizer tokenizer = words(
      R"("post_processor": {"type": "Sequence", "processors": [
           {"type": "BertProcessing", "cls": ["[C]", 7], "sep": ["[S]", 8]},
           {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "B", "type_id": 1}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "special_tokens": {}}]})");
  EXPECT_EQ(tokenizer.encode_ids("a", true), (Ids{7, 1, 8}));
  EXPECT_EQ(tokenizer.encode_pair("a", "b", true).ids, (Ids{2, 8, 7, 1, 8}));
  EXPECT_EQ(tokenizer.encode_pair("a", "b", true).type_ids, (std::vector<int32_t>{1, 1, 0, 0, 0}));
}

// -9.233044624328613 is read one unit in the last place off by that library, and "11" + "11" + "1" wins the tie.
TEST(Tokenizer, ReadsScoresAsTheReferenceDoes) {
  const Tokenizer tokenizer = Tokenizer::from_json(
      R"({"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["1", -7.105747222900391],
                                                              ["11", -9.233044624328613]]}})",
      "test");
  EXPECT_EQ(tokenizer.encode_ids("11111", false), (Ids{2, 2, 1}));
}

TEST(Tokenizer, ReadsClassesOfPatternsAsOnigurumaDoes) {
  const auto count = [](const std::string& pattern, const std::string& text) {
    const Tokenizer tokenizer = words(R"("pre_tokenizer": {"type": "Split", "behavior": "Removed", "invert": true,
                                          "pattern": {"Regex": ")" +
                                      pattern + R"("}})");
    return tokenizer.encode_ids(text, false).size();
  };
  EXPECT_EQ(count(R"(\\w)", "\xC2\xB2"), 1u);  // superscript two
  EXPECT_EQ(count(R"([\\w])", "\xC2\xB2"), 0u);
  EXPECT_EQ(count("[[:alnum:]]", "e\xCC\x81"), 1u);  // a combining acute
  EXPECT_EQ(count("[[:^alpha:]]", "a1-"), 2u);
  EXPECT_EQ(count("[[:punct:]]", "a+."), 2u);
  EXPECT_EQ(count(R"(\\p{Punct})", "a+."), 1u);
  EXPECT_EQ(count(R"(\\p{^Alnum})", "a+."), 2u);
}

TEST(Tokenizer, EncodesBatchesAsEachText) {
  const Tokenizer tokenizer = Tokenizer::from_json(kBytePairs, "test");
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) texts.push_back(std::string(static_cast<size_t>(i), 'a') + "abc");
  const auto all = tokenizer.encode_batch(texts, true, 3);
  ASSERT_EQ(all.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(all[i], tokenizer.encode_ids(texts[i], true)) << i;
}

TEST(TokenStream, GivesWholeCharactersOnly) {
  const Tokenizer tokenizer = Tokenizer::from_json(kBytePairs, "test");
  TokenStream stream(tokenizer, true);
  EXPECT_EQ(stream.push(9), "");  // special
  EXPECT_EQ(stream.push(4), "abc");
  EXPECT_EQ(stream.push(7), "");
  EXPECT_EQ(stream.push(8), "\xC3\xA9");
  EXPECT_EQ(stream.push(6), " a");
  EXPECT_EQ(stream.push(7), "");
  EXPECT_EQ(stream.finish(), "\xEF\xBF\xBD");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TokenStream, KeepsWhatDependsOnTheTokenBefore) {
  const Tokenizer tokenizer = words(R"("decoder": {"type": "Metaspace", "replacement": "\u2581"})",
                                    R"({"<unk>": 0, "\u2581a": 1, "b": 2, "\u2581": 3})");
  TokenStream stream(tokenizer, false);
  std::string text;
  for (const int32_t id : {1, 2, 3, 1, 2, 1}) text += stream.push(id);
  EXPECT_EQ(text + stream.finish(), tokenizer.decode(Ids{1, 2, 3, 1, 2, 1}, false));
  EXPECT_EQ(text, "ab  ab a");
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

TEST(Tokenizer, RefusesRandomMerges) {
  const auto with_dropout = [](const std::string& value) {
    return Tokenizer::from_json(
        R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": )" + value + "}}", "t.json");
  };
  EXPECT_EQ(with_dropout("null").encode("a", false).ids, with_dropout("0.0").encode("a", false).ids);
  try {
    static_cast<void>(with_dropout("0.1"));
    FAIL() << "not refused";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("BPE dropout 0.1"));
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
