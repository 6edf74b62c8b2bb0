// SPDX-License-Identifier: Apache-2.0
// What a reader promises: every rule that a directory records, and the same object wherever it is used; and what
// ranking and evaluation do with groups of which nothing is left.
#include <fstream>

#include "rondo/data/prompt_rows.h"
#include "rondo/data/row_shapes.h"
#include "rondo/runs/evaluate.h"
#include "rondo/runs/rank.h"
#include "rondo/runs/score.h"
#include "rondo/runs/table.h"
#include "tests/support/lab.h"

namespace rondo {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class ReaderContract : public testing::Lab {};

TEST_F(ReaderContract, HoldsWhatTheDirectoryRecords) {
  const std::string directory = judge("judge", "softmax");
  nlohmann::json config = json_of("judge/config.json");
  config["rondo"]["text"]["max_length"] = 6;
  config["rondo"]["text"]["template"] = true;
  config["rondo"]["template_hash"] = "another";
  config["eos_token_id"] = {2, 4};
  folder_.write("judge/config.json", config.dump());
  folder_.write("judge/generation_config.json", R"({"eos_token_id": 3})");
  folder_.write("judge/chat_template.jinja", "{% for m in messages %}{{ m.content }}{% endfor %}");
  const model::Reader reader(directory);
  EXPECT_EQ(reader.directory(), directory);
  EXPECT_EQ(reader.max_length(), 6);
  EXPECT_FALSE(reader.is_pairwise());
  EXPECT_EQ(reader.tau(), 0.1);
  std::vector<int32_t> stops = reader.stop_ids();
  ASSERT_TRUE(reader.encoder().eos_id().has_value());
  EXPECT_EQ(stops.front(), *reader.encoder().eos_id());
  EXPECT_THAT(std::vector<int32_t>(stops.begin() + 1, stops.end()), ElementsAre(3, 2, 4));
  ASSERT_EQ(reader.notes().size(), 1U);
  EXPECT_THAT(reader.notes().front().text, HasSubstr("the chat template is not the one"));
  for (const char* key : {"version", "text", "template_hash"}) EXPECT_TRUE(reader.rondo_object().contains(key)) << key;
  EXPECT_EQ(reader.rondo_object()["text"]["max_length"], 6);
}

TEST_F(ReaderContract, CallersChangeThePolicyAndMovesKeepIt) {
  judge("judge");
  model::Reader first(path("judge"), {.load = {}, .text = {.eos = "as_is", .max_length = 4}});
  EXPECT_EQ(first.policy().eos, "as_is");
  EXPECT_EQ(first.max_length(), 4);
  const auto* const model = &first.model();
  const auto* const encoder = &first.encoder();
  const model::Reader second = std::move(first);
  EXPECT_EQ(&second.model(), model);
  EXPECT_EQ(&second.encoder(), encoder);
  EXPECT_THAT([&] { model::Reader(path("judge"), {.load = {}, .text = {.pairwise = "turn"}}); },
              ThrowsMessage<ConfigError>(HasSubstr("`pairwise` turn")));
}

TEST_F(ReaderContract, ATableEqualsTheReplyOfTheRun) {
  const model::Reader reader(judge("judge", "softmax"));
  const Group group{.prompt = {.text = "a "}, .responses = {{"assistant", "a b", ""}, {"assistant", "c", ""}}};
  const PreferenceTable table = runs::table_of(reader, group);
  folder_.write("one.jsonl", R"({"prompt":"a ","responses":["a b","c"]})");
  runs::RankConfig config{.model = path("judge"), .data = {.data = {path("one.jsonl")}}, .with = {"scores"}};
  std::vector<double> scores;
  runs::rank(config, {},
             [&](const nlohmann::ordered_json& row) { scores = row["scores"][0].get<std::vector<double>>(); });
  ASSERT_EQ(scores.size(), 2U);
  EXPECT_NEAR(table.scores_MM()[0][1].item<double>(), scores[1], 1e-6);
  EXPECT_NE(scores[1], 0);
  Group long_one = group;
  long_one.prompt.text = std::string(6000, 'a');
  for (size_t k = 1; k < long_one.prompt.text.size(); k += 2) long_one.prompt.text[k] = ' ';
  EXPECT_THAT([&] { runs::table_of(reader, long_one); }, ThrowsMessage<DataError>(HasSubstr("too long")));
}

TEST_F(ReaderContract, NamesOfItemsAreNoTextsForAModel) {
  judge("judge");
  folder_.write("battles.jsonl", R"({"model_a":"a","model_b":"b","winner":"model_a"})");
  const data::DataOptions data{.data = {path("battles.jsonl")}};
  EXPECT_THAT([&] { runs::rank({.model = path("judge"), .data = data}, {}, [](const auto&) {}); },
              ThrowsMessage<DataError>(HasSubstr("names items and holds no text")));
  EXPECT_THAT([&] { runs::evaluate({.models = {path("judge")}, .data = data}, {}, [](const auto&) {}); },
              ThrowsMessage<DataError>(HasSubstr("names items and holds no text")));
  EXPECT_THAT([&] { runs::score({.model = path("judge"), .data = data, .out = path("out.jsonl")}, {}); },
              ThrowsMessage<DataError>(HasSubstr("names items and holds no text")));
}

// What is shown of a row (`tokenize --explain`) is what is scored, in every shape.
TEST_F(ReaderContract, RowsOfEveryShapeAreScoredAsTheyAreShown) {
  const std::string directory = judge("judge");
  folder_.write("judge/chat_template.jinja", "{% for m in messages %}{{ m.role }} {{ m.content }} {% endfor %}");
  nlohmann::json config = json_of("judge/config.json");
  config["rondo"]["text"]["template"] = true;
  folder_.write("judge/config.json", config.dump());
  const model::Reader reader(directory);
  int shown = 0;
  for (const data::ShapeEntry* shape : data::all_shapes()) {
    for (const data::ShapeExample& example : shape->examples) {
      if (shape->names_items) continue;
      folder_.write("row.jsonl", example.row);
      nlohmann::ordered_json scored;
      runs::rank({.model = directory, .data = {.data = {path("row.jsonl")}}, .with = {"token_ids"}}, {},
                 [&](const nlohmann::ordered_json& row) { scored = row["token_ids"]; });
      const Group group = data::unlabelled_row(nlohmann::ordered_json::parse(example.row));
      nlohmann::ordered_json expected = nlohmann::ordered_json::array();
      for (const Message& response : group.responses)
        expected.push_back(reader.encoder().explain(group.prompt, response).encoded.ids);
      EXPECT_EQ(scored, expected) << example.row;
      ++shown;
    }
  }
  EXPECT_GT(shown, 30);
}

// The length limit may leave nothing of a group; a gate then has no prompt to read.
TEST_F(ReaderContract, AGroupOfWhichNothingIsLeftStopsNobody) {
  folder_.write("long.jsonl",
                R"({"prompt":"a a a a a a a a ","responses":["a","b"],"comparisons":[{"i":0,"j":1}],"id":"gone"}
{"prompt":"a ","responses":["a b","c"],"comparisons":[{"i":0,"j":1}],"id":"here"}
)");
  for (const char* gate : {"none", "softmax"}) {
    const std::string model = judge(std::string("judge-") + gate, gate);
    const data::DataOptions data{.data = {path("long.jsonl")}, .overlong = "drop", .max_length = 6};
    for (const bool deterministic : {false, true}) {
      std::vector<nlohmann::ordered_json> rows;
      runs::rank({.model = model, .data = data, .deterministic = deterministic}, {},
                 [&](const nlohmann::ordered_json& row) { rows.push_back(row); });
      ASSERT_EQ(rows.size(), 2U);
      EXPECT_EQ(rows[0]["order"].size(), 0U);
      EXPECT_EQ(rows[1]["order"].size(), 2U);
      runs::EvaluateConfig config{.models = {model}, .data = data, .deterministic = deterministic};
      EXPECT_EQ(runs::evaluate(config, {}, [](const auto&) {}).models[0].evaluation.comparisons, 1);
    }
    runs::ScoreConfig score{.model = model, .data = data, .out = path(std::string("scored-") + gate)};
    const runs::ScoreResult scored = runs::score(score, {});
    EXPECT_EQ(scored.rows, 1);
    EXPECT_EQ(scored.dropped_rows, 1);
    runs::TrainConfig training_config = training(model, std::string("trained-") + gate, 2);
    training_config.train.head.clear();
    training_config.train.head_options = {};
    training_config.train.data = data.data;
    training_config.length = data;
    EXPECT_EQ(runs::train(training_config, {}).state.step, 2);
  }
}

}  // namespace
}  // namespace rondo
