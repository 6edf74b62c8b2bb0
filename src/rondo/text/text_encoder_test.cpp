// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/text_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rondo/base/error.h"
#include "rondo/text/word_tokenizer.h"

namespace rondo::text {
namespace {

using Ids = std::vector<int32_t>;

// <unk> 0, <s> 1, </s> 2, red 3, blue 4, green 5
TextEncoder encoder(TextPolicy policy = {}) {
  return TextEncoder(Tokenizer::from_json(build_word_tokenizer({"red", "blue", "red", "green"}), "test"), std::nullopt,
                     std::move(policy), {.by_name = {{"bos_token", "<s>"}, {"eos_token", "</s>"}}});
}

Prompt plain(const std::string& text) {
  Prompt prompt;
  prompt.text = text;
  return prompt;
}

Message answer(const std::string& text) { return {.role = "assistant", .content = text, .extra_json = ""}; }

TEST(TextEncoder, AddsOneBosAndOneEosWithoutATemplate) {
  const EncodedResponse encoded = encoder().encode(plain("red blue "), answer("green red"));
  EXPECT_EQ(encoded.ids, (Ids{1, 3, 4, 5, 3, 2}));
  EXPECT_EQ(encoded.prompt_tokens, 3);
  EXPECT_EQ(encoded.response_begin, 3);
  EXPECT_EQ(encoded.response_end, 5);
}

TEST(TextEncoder, CountsATokenAcrossTheBoundaryToTheResponse) {
  const EncodedResponse encoded = encoder().encode(plain("blue re"), answer("d"));
  EXPECT_EQ(encoded.ids, (Ids{1, 4, 3, 2}));
  EXPECT_EQ(encoded.prompt_tokens, 2);
  EXPECT_EQ(encoded.response_begin, 2);
  EXPECT_EQ(encoded.response_end, 3);
}

TEST(TextEncoder, FollowsTheBosPolicy) {
  EXPECT_EQ(encoder({.bos = "double"}).encode(plain("red "), answer("blue")).ids, (Ids{1, 1, 3, 4, 2}));
  EXPECT_EQ(encoder({.bos = "none"}).encode(plain("red "), answer("blue")).ids, (Ids{3, 4, 2}));
  EXPECT_EQ(encoder({.bos = "auto"}).encode(plain("<s>red "), answer("blue")).ids, (Ids{1, 3, 4, 2}));
  EXPECT_EQ(encoder({.bos = "single"}).encode(plain("<s><s>red "), answer("blue")).ids, (Ids{1, 3, 4, 2}));
}

TEST(TextEncoder, FollowsTheEosPolicy) {
  EXPECT_EQ(encoder().encode(plain("red "), answer("blue</s>")).ids, (Ids{1, 3, 4, 2}));
  EXPECT_EQ(encoder().encode(plain("red "), answer("blue</s></s>")).ids, (Ids{1, 3, 4, 2}));
  EXPECT_EQ(encoder({.eos = "as_is"}).encode(plain("red "), answer("blue")).ids, (Ids{1, 3, 4}));
  EXPECT_EQ(encoder({.eos = "force_last"}).encode(plain("red "), answer("blue")).ids, (Ids{1, 3, 2}));
}

TEST(TextEncoder, GivesTheSameForManyResponsesAsForEach) {
  const std::vector<Message> answers = {answer("red"), answer(""), answer("blue green")};
  const auto all = encoder().encode_all(plain("red "), answers);
  ASSERT_EQ(all.size(), 3u);
  for (size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(all[i].ids, encoder().encode(plain("red "), answers[i]).ids);
  EXPECT_EQ(all[1].ids, (Ids{1, 3, 2}));
  EXPECT_EQ(all[1].prompt_tokens, 2);
  EXPECT_EQ(all[1].response_begin, all[1].response_end);
  EXPECT_EQ(encoder().encode_prompt(plain("red ")), (Ids{1, 3}));
}

TEST(TextEncoder, RefusesConversationsWithoutATemplate) {
  Prompt prompt;
  prompt.is_plain = false;
  prompt.messages = {{"user", "red", ""}};
  EXPECT_THROW(static_cast<void>(encoder().encode(prompt, answer("blue"))), DataError);
}

TEST(TextEncoder, RefusesUnknownPolicies) {
  EXPECT_THROW(encoder({.bos = "triple"}), ConfigError);
  EXPECT_THROW(encoder({.eos = "maybe"}), ConfigError);
  EXPECT_THROW(encoder({.pooling = "middle"}), ConfigError);
}

TEST(WordTokenizer, RefusesWordsWithWhiteSpace) {
  EXPECT_THROW(build_word_tokenizer({"two words"}), DataError);
  EXPECT_THROW(build_word_tokenizer({""}), DataError);
}

}  // namespace
}  // namespace rondo::text
