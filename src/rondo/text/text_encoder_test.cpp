// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/text_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/text/tokenizer/word_tokenizer.h"

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

// An encoder's form for two texts, and where each lies in it.
TEST(TextEncoder, ReadsPromptAndResponseAsAPair) {
  const auto pair_encoder = [](const char* parts) {
    const std::string post =
        std::string(R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"|": {"id": "|", "ids": [1], "tokens": ["|"]}}, "pair": )") +
        parts + "}";
    const std::string tokenizer =
        R"({"pre_tokenizer": {"type": "Whitespace"}, "post_processor": )" + post +
        R"(, "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "|": 1, "red": 2, "blue": 3, "green": 4}}})";
    return TextEncoder(Tokenizer::from_json(tokenizer, "test"), std::nullopt, {.use_pair = true});
  };
  const TextEncoder marked = pair_encoder(
      R"([{"SpecialToken": {"id": "|", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
          {"SpecialToken": {"id": "|", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
          {"SpecialToken": {"id": "|", "type_id": 1}}])");
  const std::vector<Message> answers = {answer("green"), answer(""), answer("red green red")};
  const std::vector<EncodedResponse> encoded = marked.encode_all(plain("red blue"), answers);
  EXPECT_EQ(encoded[0].ids, (Ids{1, 2, 3, 1, 4, 1}));
  EXPECT_EQ(encoded[0].type_ids, (Ids{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(encoded[1].ids, (Ids{1, 2, 3, 1, 1}));
  EXPECT_EQ(encoded[2].ids, (Ids{1, 2, 3, 1, 2, 4, 2, 1}));
  EXPECT_EQ(encoded[2].response_begin, 4);
  EXPECT_EQ(encoded[2].response_end, 7);
  const ExplainedResponse explained = marked.explain(plain("red blue"), answers[2]);
  EXPECT_EQ(explained.encoded.ids, encoded[2].ids);
  EXPECT_EQ(explained.text.substr(explained.offsets[5].begin, 5), "green");
  // Without marks between the two, the number of the prompt's tokens alone says where the response begins.
  const TextEncoder bare =
      pair_encoder(R"([{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}])");
  const EncodedResponse joined = bare.encode(plain("red blue"), answers[2]);
  EXPECT_EQ(joined.ids, (Ids{2, 3, 2, 4, 2}));
  EXPECT_EQ(joined.prompt_tokens, 2);
  EXPECT_EQ(joined.response_end, 5);
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

TEST(TextEncoder, FollowsTheGatePolicy) {
  const char* const kTurns =
      "{% for m in messages %}{{ m.role }} {{ m.content }} {% endfor %}"
      "{% if add_generation_prompt %}blue{% endif %}";
  const auto with = [&](const std::string& gate) {
    TextPolicy policy{.bos = "double", .gate = gate};
    return TextEncoder(Tokenizer::from_json(build_word_tokenizer({"red", "blue", "green", "user"}), "test"),
                       ChatTemplate(kTurns, {}), policy, {.by_name = {{"bos_token", "<s>"}, {"eos_token", "</s>"}}});
  };
  Prompt prompt{.is_plain = false, .text = "", .messages = {}, .tools_json = "", .template_kwargs_json = ""};
  prompt.messages = {{.role = "user", .content = "red green", .extra_json = ""},
                     {.role = "user", .content = "blue", .extra_json = ""}};
  const auto gate_ids = [&](const std::string& gate, const char* response) {
    const TextEncoder text_encoder = with(gate);
    const std::vector<Message> responses{answer(response)};
    const std::vector<EncodedResponse> encoded = text_encoder.encode_all(prompt, responses);
    return text_encoder.encode_gate(prompt, encoded);
  };
  // <s> <s> user red green | user blue | ...
  EXPECT_EQ(gate_ids("first_message", "red").size(), 5u);
  EXPECT_EQ(gate_ids("prompt", "red"), with("prompt").encode_prompt(prompt));
  EXPECT_EQ(gate_ids("prompt", "red"), gate_ids("prompt", "green"));
  EXPECT_TRUE(encoder({}).encode_gate(plain(""), {}).empty());
}

TEST(TextEncoder, RefusesSystemTurnsWhereTheModelHadNone) {
  Prompt prompt{.is_plain = false, .text = "red", .messages = {}, .tools_json = "", .template_kwargs_json = ""};
  prompt.messages = {{.role = "system", .content = "red", .extra_json = ""}};
  EXPECT_THROW(static_cast<void>(encoder({.system = "refuse"}).encode(prompt, answer("blue"))), DataError);
  EXPECT_NO_THROW(static_cast<void>(encoder().encode(prompt, answer("blue"))));
}

TEST(TextEncoder, FollowsTheEosPolicy) {
  EXPECT_EQ(encoder({.eos = "append"}).encode(plain("red "), answer("blue\n\n")).ids, (Ids{1, 3, 4, 2}));
  EXPECT_EQ(encoder({.eos = "append"}).encode(plain("red "), answer("blue</s>\n")).ids, (Ids{1, 3, 4, 2}));
  EXPECT_EQ(encoder({.eos = "append"}).explain(plain("red "), answer("blue\n")).text, "red blue </s>");
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

// A directory of files that is removed at the end.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("rondo_text_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_ / "additional_chat_templates");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

constexpr const char* kLlamaLike = R"({"normalizer": {"type": "Sequence", "normalizers": [
    {"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
  "pre_tokenizer": null, "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
  "vocab": {"<unk>": 0, "\u2581": 1, "a": 2, "\u2581\u2581": 3}, "merges": ["\u2581 \u2581"]}})";

TEST(ModelTokenizer, IsRebuiltWhereTheClassOfTransformersDoes) {
  const Folder folder;
  folder.write("tokenizer.json", kLlamaLike);
  std::string note;
  EXPECT_EQ(load_tokenizer_as_transformers(folder.path(), &note).encode_ids(" a", false), (Ids{3, 2}));
  EXPECT_EQ(note, "");
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizer", "legacy": true})");
  EXPECT_EQ(load_tokenizer_as_transformers(folder.path(), &note).encode_ids(" a", false), (Ids{1, 2}));
  EXPECT_EQ(note, "LlamaTokenizer of transformers 5 builds its own decoder, normalizer, pre_tokenizer");
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizerFast"})");
  EXPECT_EQ(load_tokenizer_as_transformers(folder.path()).encode_ids("a", false), (Ids{1, 2}));
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizer", "add_prefix_space": false})");
  EXPECT_EQ(load_tokenizer_as_transformers(folder.path()).encode_ids("a", false), Ids{2});
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "PreTrainedTokenizerFast"})");
  EXPECT_EQ(load_tokenizer_as_transformers(folder.path(), &note).encode_ids(" a", false), (Ids{3, 2}));
  EXPECT_EQ(Tokenizer::load(tokenizer_file(folder.path())).encode_ids(" a", false), (Ids{3, 2}));
}

// The class makes its model anew, without the merges that the file would skip at random.
TEST(ModelTokenizer, LosesItsDropoutWhereItIsRebuilt) {
  const Folder folder;
  std::string skips = kLlamaLike;
  skips.replace(skips.find("\"fuse_unk\""), 0, "\"dropout\": 0.1, ");
  folder.write("tokenizer.json", skips);
  EXPECT_THROW(static_cast<void>(load_tokenizer_as_transformers(folder.path())), ModelError);
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizer", "legacy": true})");
  EXPECT_EQ(load_tokenizer_as_transformers(folder.path()).encode_ids(" a", false), (Ids{1, 2}));
}

TEST(ModelTokenizer, NamesTheCommandThatConvertsSentencePiece) {
  const Folder folder;
  folder.write("tokenizer.model", "x");
  try {
    static_cast<void>(tokenizer_file(folder.path()));
    FAIL() << "not refused";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("T.from_pretrained('" + folder.path() + "').save_pretrained("));
  }
}

TEST(ModelTemplate, IsFoundInAllItsPlaces) {
  const Folder folder;
  TemplateInput input;
  input.messages = nlohmann::ordered_json::array();
  const auto rendered = [&](const std::string& name = "default") {
    return ChatTemplate::load(folder.path(), name)->render(input).text;
  };
  EXPECT_FALSE(ChatTemplate::load(folder.path()).has_value());
  folder.write("tokenizer_config.json", R"({"chat_template": "text {{ bos_token }}{{ image_token }}",
    "bos_token": {"content": "<s>", "__type": "AddedToken"}, "extra_special_tokens": {"image_token": "<i>"}})");
  EXPECT_EQ(rendered(), "text <s><i>");
  folder.write("tokenizer_config.json", R"({"chat_template": [{"name": "default", "template": "d"},
    {"name": "tool_use", "template": "t {{ tools|length }}"}, {"name": "rag", "template": "r"}]})");
  EXPECT_EQ(rendered(), "d");
  EXPECT_EQ(rendered("rag"), "r");
  EXPECT_THROW(static_cast<void>(rendered("raag")), ModelError);
  input.tools = nlohmann::ordered_json::array({1, 2});
  EXPECT_EQ(rendered(), "t 2");
  input.tools = nullptr;
  folder.write("chat_template.jinja", "file");
  EXPECT_EQ(rendered(), "file");
  folder.write("additional_chat_templates/short.jinja", "more");
  EXPECT_EQ(rendered("short"), "more");
  folder.write("special_tokens_map.json", R"({"eos_token": "</s>"})");
  EXPECT_EQ(read_special_tokens(folder.path()).get("eos_token"), "</s>");
}

TEST(WordTokenizer, RefusesWordsWithWhiteSpace) {
  EXPECT_THROW(build_word_tokenizer({"two words"}), DataError);
  EXPECT_THROW(build_word_tokenizer({""}), DataError);
}

}  // namespace
}  // namespace rondo::text
