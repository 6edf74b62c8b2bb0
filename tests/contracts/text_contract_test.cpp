// SPDX-License-Identifier: Apache-2.0
// What a directory says about reading texts holds wherever it is read: where the state stands, at which date, with
// which tokens; and what cannot be read is refused for the reason that its files state.
#include <fmt/format.h>

#include "rondo/model/export_directory.h"
#include "rondo/model/import.h"
#include "rondo/model/tensors.h"
#include "rondo/runs/rank.h"
#include "rondo/runs/table.h"
#include "rondo/runs/verify.h"
#include "tests/support/lab.h"

namespace rondo {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class TextContract : public testing::Lab {
 protected:
  // A classifier as transformers writes one, with nothing of ours in its config.
  std::string classifier(const std::string& name) {
    runs::TrainConfig config = training(base(name + "-base", 3), name + "-ours", 3);
    config.train.head = "bt";
    config.train.head_options = {};
    runs::train(config, {});
    model::export_model({.model = path(name + "-ours"), .out = path(name)});
    change(name + "/config.json", [](json& c) { c.erase("rondo"); });
    return path(name);
  }

  template <typename Change>
  void change(const std::string& name, Change apply) const {
    json content = json_of(name);
    apply(content);
    folder_.write(name, content.dump());
  }

  ordered_json ranked(const std::string& model, const std::string& row, const model::TextOverrides& text = {}) const {
    folder_.write("row.jsonl", row + "\n");
    ordered_json reply;
    runs::rank({.model = model, .data = {.data = {path("row.jsonl")}}, .text = text, .with = {"all"}}, {},
               [&](const ordered_json& r) { reply = r; });
    return reply;
  }

  static std::string notes_of(const model::Reader& reader) {
    std::string all;
    for (const Note& note : reader.notes()) all += note.text + "\n";
    return all;
  }

  static constexpr const char* kRow = R"({"prompt":"a b ","responses":["c","a b b"]})";
};

// </s> (2) ends every text. A classifier of transformers whose pad token it is reads the token in front.
TEST_F(TextContract, AForeignClassifierIsReadBeforeItsPadding) {
  const std::string model = classifier("foreign");
  change("foreign/config.json", [](json& c) { c["pad_token_id"] = 2; });
  const ordered_json reply = ranked(model, kRow), by_length = ranked(model, kRow, {.pooling = "sequence_end"});
  for (size_t r = 0; r < 2; ++r) {
    const auto length = static_cast<int64_t>(reply["token_ids"][r].size());
    EXPECT_EQ(reply["token_ids"][r].back(), 2);
    EXPECT_EQ(reply["pooled_positions"][r], length - 2);
    EXPECT_EQ(by_length["pooled_positions"][r], length - 1);
    EXPECT_NE(reply["rewards"][r], by_length["rewards"][r]);
  }
  EXPECT_THAT(notes_of(model::Reader(model)), HasSubstr("ends a text and is the pad token as well"));
  model::import_model({.from = model, .out = path("imported"), .head = "bt"});
  EXPECT_EQ(json_of("imported/config.json")["rondo"]["text"]["pooling"], "before_padding");
  EXPECT_EQ(ranked(path("imported"), kRow)["rewards"], reply["rewards"]);
  // What is trained anew reads the true last token, and says so.
  runs::TrainConfig anew = training(model, "anew", 2);
  anew.train.head = "bt";
  anew.train.head_options = {};
  runs::train(anew, {});
  EXPECT_EQ(json_of("anew/config.json")["rondo"]["text"]["pooling"], "sequence_end");
  // Another pad token moves nothing.
  change("foreign/config.json", [](json& c) { c["pad_token_id"] = 0; });
  EXPECT_EQ(ranked(model, kRow)["pooled_positions"], by_length["pooled_positions"]);
  EXPECT_EQ(notes_of(model::Reader(model)), "");
}

TEST_F(TextContract, ExportedFilesAgreeOnThePadToken) {
  classifier("exported");
  const json config = json_of("exported/config.json"), tokenizer = json_of("exported/tokenizer_config.json");
  const model::Reader reader(path("exported"));
  ASSERT_TRUE(config["pad_token_id"].is_number());
  EXPECT_NE(config["pad_token_id"], 2) << "every text ends with it";
  EXPECT_EQ(tokenizer["pad_token"], reader.encoder().tokenizer().token(config["pad_token_id"].get<int32_t>()));
}

// A template that writes the date: that of the training is recorded, and used from then on.
TEST_F(TextContract, TheDateIsRecordedAndHolds) {
  folder_.write("words.txt", "a\nb\nc\nd\n2001\n2002\n");
  base("dated-base");
  folder_.write("dated-base/chat_template.jinja",
                "{{ strftime_now('%Y') }} {% for m in messages %}{{ m.content }} {% endfor %}");
  runs::TrainConfig config = training(path("dated-base"), "dated", 2);
  constexpr int64_t kIn2001 = 1000000000, kIn2002 = 1030000000;
  config.text.clock = kIn2001;
  runs::train(config, {});
  EXPECT_EQ(json_of("dated/config.json")["rondo"]["text"]["clock"], kIn2001);
  const ordered_json reply = ranked(path("dated"), kRow);
  EXPECT_EQ(reply["token_ids"], ranked(path("dated"), kRow, {.clock = kIn2001})["token_ids"]);
  EXPECT_NE(reply["token_ids"], ranked(path("dated"), kRow, {.clock = kIn2002})["token_ids"]);
  EXPECT_EQ(notes_of(model::Reader(path("dated"))), "");
  // A model that does not say: it is noted, a record keeps its own date, and a difference is explained by it.
  change("dated/config.json", [](json& c) { c["rondo"]["text"].erase("clock"); });
  EXPECT_THAT(notes_of(model::Reader(path("dated"))), HasSubstr("the template writes the date and none is recorded"));
  runs::verify({.directory = path("dated"), .record = path("record.json"), .text = {.clock = kIn2001}}, {});
  EXPECT_EQ(json_of("record.json")["clock"], kIn2001);
  const runs::VerifyConfig verifying{.directory = path("dated"), .reference = path("record.json")};
  EXPECT_TRUE(runs::verify(verifying, {}).is_within);
  change("record.json", [](json& record) {
    record.erase("clock");
    record["rows"][0]["scores"][1] = 7;
  });
  const runs::VerifyResult differs = runs::verify(verifying, {});
  EXPECT_FALSE(differs.is_within);
  EXPECT_THAT(differs.explanation, HasSubstr("the template writes the date"));
}

// A tokenizer with a token more than the embeddings has: who uses it is told, and nobody else.
TEST_F(TextContract, ATokenWithoutEmbeddingIsRefusedByItsRow) {
  const std::string model = judge("judge", "softmax");
  change("judge/tokenizer.json", [](json& t) {
    t["added_tokens"].push_back({{"id", t["model"]["vocab"].size()},
                                 {"content", "<|tool|>"},
                                 {"single_word", false},
                                 {"lstrip", false},
                                 {"rstrip", false},
                                 {"normalized", false},
                                 {"special", true}});
  });
  EXPECT_THAT(notes_of(model::Reader(model)), HasSubstr("texts with a token beyond them are refused"));
  EXPECT_EQ(ranked(model, kRow)["order"].size(), 2u);
  EXPECT_THAT([&] { ranked(model, R"({"prompt":"a ","responses":["b","a <|tool|>"]})"); },
              ThrowsMessage<DataError>(::testing::AllOf(HasSubstr("row.jsonl: row 1"), HasSubstr("response 2 of 2"),
                                                        HasSubstr("<|tool|> is token 7"))));
}

// A key of other families is what it is in transformers: nothing, and a note.
TEST_F(TextContract, AKeyOfOtherFamiliesChangesNothing) {
  const std::string model = judge("judge");
  const ordered_json before = ranked(model, kRow)["scores"];
  change("judge/config.json", [](json& c) { c["partial_rotary_factor"] = 0.5; });
  EXPECT_EQ(ranked(model, kRow)["scores"], before);
  EXPECT_THAT(notes_of(model::Reader(model)), HasSubstr("partial_rotary_factor: not read by this family"));
}

TEST_F(TextContract, WhatCannotBeReadIsRefusedForItsReason) {
  const std::string model = judge("judge");
  const json plain = json_of("judge/config.json");
  const auto refusal = [&](const json& quantization) {
    change("judge/config.json", [&](json& c) { c["quantization_config"] = quantization; });
    return io::message_of<ModelError>([&] { const model::Reader reader(model); });
  };
  EXPECT_THAT(refusal({{"load_in_4bit", true}, {"quant_method", "bitsandbytes"}}), HasSubstr("bitsandbytes, 4 bit"));
  for (const char* method : {"gptq", "awq", "compressed-tensors", "fp8"})
    EXPECT_THAT(refusal({{"quant_method", method}}),
                ::testing::AllOf(HasSubstr(method), HasSubstr("save the model dequantised")));
  // A head of two layers in the files of a classifier.
  const std::string foreign = classifier("layers");
  std::map<std::string, at::Tensor> tensors = model::read_tensors(path("layers/model.safetensors"), "");
  std::vector<model::FileTensor> changed;
  for (const auto& [name, value] : tensors)
    changed.push_back({name == "score.weight" ? "score.2.weight" : name, value, at::kFloat});
  changed.push_back({"score.0.weight", tensors.at("score.weight").repeat({16, 1}), at::kFloat});
  model::write_tensors(path("layers/model.safetensors"), changed);
  EXPECT_THAT([&] { const model::Reader reader(foreign); },
              ThrowsMessage<ModelError>(::testing::AllOf(HasSubstr("a head of several layers is not read"),
                                                         HasSubstr("score.0.weight"), HasSubstr("score.2.weight"))));
}

// Exactly the BOS tokens that the policy puts in front stay, and the end of the text.
TEST_F(TextContract, TruncationKeepsTheBosOfThePolicy) {
  const std::string model = judge("judge");
  for (const auto& [bos, count] : {std::pair("none", 0), std::pair("single", 1), std::pair("double", 2)}) {
    folder_.write("row.jsonl", "{\"prompt\":\"a b c d a b c d \",\"responses\":[\"c d\",\"d\"]}\n");
    const auto ids = [&](int64_t max_length) {
      runs::RankConfig config{.model = model,
                              .data = {.data = {path("row.jsonl")}, .overlong = "truncate-left"},
                              .text = {.bos = bos},
                              .with = {"token_ids"}};
      config.data.max_length = max_length;
      std::vector<std::vector<int>> found;
      runs::rank(config, {}, [&](const ordered_json& r) { found = r["token_ids"].get<decltype(found)>(); });
      return found;
    };
    const auto whole = ids(64), cut = ids(6);
    for (size_t r = 0; r < 2; ++r) {
      std::vector<int> expected(whole[r].begin(), whole[r].begin() + count);
      expected.insert(expected.end(), whole[r].end() - (6 - count), whole[r].end());
      EXPECT_EQ(cut[r], expected) << bos;
    }
  }
}

}  // namespace
}  // namespace rondo
