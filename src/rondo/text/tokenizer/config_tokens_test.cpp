// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/config_tokens.h"

#include <gtest/gtest.h>

#include "rondo/text/tokenizer/json_numbers.h"
#include "rondo/text/tokenizer/tokenizer.h"
#include "rondo/text/tokenizer/word_tokenizer.h"

namespace rondo::text {
namespace {

using Config = nlohmann::ordered_json;

// <unk> 0, <s> 1, </s> 2, a 3, b 4.
Tokenizer with(const Config& config, const Config& special_map = Config::object(),
               const Config& added_tokens = Config::object()) {
  Json tree = parse_tokenizer_json(build_word_tokenizer({"a", "b"}));
  add_config_tokens({.config = config, .special_map = special_map, .added_tokens = added_tokens}, tree);
  return Tokenizer::from_tree(tree, "test");
}

using Ids = std::vector<int32_t>;

// Ids as transformers 5.24 gives them: behind the last one, in the order in which the files name the tokens.
TEST(ConfigTokens, AdditionalTokensAreOneToken) {
  const Tokenizer tokenizer = with({{"additional_special_tokens", {"<|tool|>", "<|call|>"}}});
  EXPECT_EQ(tokenizer.encode_ids("a <|tool|> b <|call|>", false), (Ids{3, 5, 4, 6}));
  EXPECT_EQ(tokenizer.token(6), "<|call|>");
}

TEST(ConfigTokens, ANamedTokenThatTheTokenizerLacksIsAdded) {
  EXPECT_EQ(with({{"bos_token", "<|begin|>"}}).token_id("<|begin|>"), 5);
  EXPECT_EQ(with({{"bos_token", "<s>"}}).id_limit(), 5);
}

TEST(ConfigTokens, TheDecodersNumbersComeFirst) {
  const Tokenizer tokenizer = with({{"additional_special_tokens", {"<|x|>"}},
                                    {"added_tokens_decoder", {{"5", {{"content", "<|five|>"}, {"special", true}}}}}});
  EXPECT_EQ(tokenizer.token_id("<|five|>"), 5);
  EXPECT_EQ(tokenizer.token_id("<|x|>"), 6);
}

TEST(ConfigTokens, OlderFilesCountWhereThereIsNoDecoder) {
  EXPECT_EQ(with(Config::object(), Config::object(), {{"<|old|>", 5}}).token_id("<|old|>"), 5);
  EXPECT_EQ(with(Config::object(), {{"additional_special_tokens", {"<|map|>"}}}).token_id("<|map|>"), 5);
}

TEST(ConfigTokens, ModelInputNamesSwitchTokenTypesOff) {
  EXPECT_TRUE(gives_token_types(Config::object()));
  EXPECT_TRUE(gives_token_types({{"model_input_names", {"input_ids", "token_type_ids"}}}));
  EXPECT_FALSE(gives_token_types({{"model_input_names", {"input_ids", "attention_mask"}}}));
}

}  // namespace
}  // namespace rondo::text
