// SPDX-License-Identifier: Apache-2.0
// Published checkpoints (tools/record_published.py) through `rondo import`, `verify`, `inspect`, `train` and `export`:
// the recorded scores to 1e-5, what a wrong flag does to them, and what is refused in which words.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "rondo/io/json.h"
#include "rondo/io/test_folder.h"
#include "tests/support/program.h"
#include "tests/support/shared_data.h"

namespace rondo {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

fs::path published(const std::string& name) { return testing::fixture_folder() / "published" / name; }

// FOLDER/record_NAME of every recording.
std::vector<fs::path> recordings() {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(published(""))) {
    if (entry.path().filename().string().starts_with("record_")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string joined(const json& flags) {
  std::string text;
  for (const json& flag : flags) text += " " + flag.get<std::string>();
  return text;
}

class Published : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  testing::Call import(const fs::path& from, const std::string& out, const std::string& flags) const {
    return testing::rondo("import --from " + from.string() + " --out " + at(out) + " " + flags);
  }
  static testing::Call verify(const std::string& model, const fs::path& record) {
    return testing::rondo("verify " + model + " --reference " + record.string());
  }
  // A copy of a fixture whose config.json is changed.
  std::string changed(const std::string& name, const std::function<void(json&)>& change) const {
    fs::copy(published(name), folder_ / "changed");
    json config = io::read_json_file(folder_ / "changed" / "config.json");
    change(config);
    folder_.write("changed/config.json", config.dump());
    return at("changed");
  }
  io::TestFolder folder_;
};

class Recording : public Published, public ::testing::WithParamInterface<fs::path> {};

TEST_P(Recording, GivesTheRecordedScores) {
  const fs::path directory = GetParam().parent_path();
  const json record = io::read_json_file(GetParam());
  std::string model = directory.string();
  if (!record["import"].is_null()) {
    const testing::Call made = import(directory, "model", joined(record["import"]));
    ASSERT_EQ(made.exit_code, 0) << made.output;
    model = at("model");
    EXPECT_FALSE(fs::exists(folder_ / "model.part"));
  }
  const testing::Call verified = verify(model, GetParam());
  EXPECT_EQ(verified.exit_code, 0) << verified.output;
  const size_t rows = record["rows"].size();
  EXPECT_THAT(verified.output, HasSubstr(std::to_string(rows) + " rows compared"));
  EXPECT_THAT(verified.output, HasSubstr(std::to_string(rows * 3) + " of " + std::to_string(rows * 3)));
}

// Another way to read the same checkpoint gives other scores: the recording behind this one, the first behind the last.
TEST_P(Recording, DiffersFromAnotherReading) {
  std::vector<fs::path> readings = recordings();
  std::erase_if(readings, [](const fs::path& path) { return path.parent_path() != GetParam().parent_path(); });
  if (readings.size() == 1) return;
  const auto own = std::find(readings.begin(), readings.end(), GetParam());
  const fs::path other = own + 1 == readings.end() ? readings.front() : *(own + 1);
  const json flags = io::read_json_file(other)["import"];
  ASSERT_EQ(import(other.parent_path(), "other", flags.is_null() ? "" : joined(flags)).exit_code, 0);
  const testing::Call verified = verify(at("other"), GetParam());
  EXPECT_EQ(verified.exit_code, 4) << joined(flags) << "\n" << verified.output;
}

INSTANTIATE_TEST_SUITE_P(Published, Recording, ::testing::ValuesIn(recordings()), [](const auto& row) {
  return row.param.parent_path().filename().string() + "_" + row.param.stem().string();
});

// The text policy of the published code, point by point: another one changes the scores.
TEST_F(Published, EveryPartOfTheGpmPresetMatters) {
  const fs::path from = published("gpm_gated"), record = from / "record_unit_softmax.json";
  int n = 0;
  for (const char* flag : {"--bos single", "--eos as_is", "--gate-reads prompt", "--norm none", "--gate softmax_k"}) {
    const std::string out = "model" + std::to_string(n++),
                      unit = std::string(flag) == "--norm none" ? "" : " --norm unit";
    ASSERT_EQ(import(from, out, "--preset gpm " + std::string(flag) + unit).exit_code, 0) << flag;
    EXPECT_EQ(verify(at(out), record).exit_code, 4) << flag;
  }
}

TEST_F(Published, AsksForWhatTheFilesDoNotSay) {
  const fs::path gated = published("gpm_gated");
  const struct {
    const char* from;
    const char* flags;
    const char* sentence;
  } cases[] = {
      {"gpm_gated", "", "--head gpm where they are an embedding"},
      {"gpm_gated", "--head gpm", "--norm unit or --norm none"},
      {"gpm_gated", "--head gpm --norm unit", "a gate: give --gate softmax"},
      {"gpm", "--head gpm --norm unit --gate softmax", "hold no prompt_head.weight"},
      {"gpm", "--head gpm --norm uni", "unknown norm 'uni'"},
      {"gpm", "--head hrc --norm unit", "the head is missing"},
      {"llama", "--head gpm --norm unit", "there is no value_head.weight"},
      {"llama", "--norm unit", "does not belong to a bt head"},
      {"llama", "--normalize-rewards", "needs the numbers mean and std"},
      {"llama_3_outputs", "", "give --output K"},
      {"llama_3_outputs", "--output 3", "outputs 0 to 2"},
      {"llama_3_outputs", "--output-weights 1,2", "has 2 numbers, the head 3 outputs"},
      {"llama_3_outputs", "--output-weights 1,x,2", "'x' is not a number"},
      {"llama_3_outputs", "--output 1 --output-weights 1,2,3", "one of them"},
      {"llama_3_outputs", "--output-weights 0,0,0", "a reward of no output"},
  };
  for (const auto& c : cases) {
    const testing::Call made = import(published(c.from), "out", c.flags);
    EXPECT_NE(made.exit_code, 0) << c.flags;
    EXPECT_NE(made.exit_code, 70) << made.output;
    EXPECT_THAT(made.output, HasSubstr(c.sentence)) << c.flags;
    EXPECT_FALSE(fs::exists(folder_ / "out") || fs::exists(folder_ / "out.part")) << c.flags;
  }
}

TEST_F(Published, NamesTheImportThatWouldAnnounceAHead) {
  const testing::Call loaded = testing::rondo("rank --model " + published("gpm_gated").string() + " --data x.jsonl");
  EXPECT_EQ(loaded.exit_code, 4);
  EXPECT_THAT(loaded.output, HasSubstr("a head that config.json does not announce"));
  EXPECT_THAT(loaded.output, HasSubstr("--head gpm --norm unit (or none) --gate softmax"));
  const testing::Call shown = testing::rondo("inspect " + published("gpm").string());
  EXPECT_EQ(shown.exit_code, 0) << shown.output;
  EXPECT_THAT(shown.output, HasSubstr("unannounced_head     rondo import --from"));
  const testing::Call outputs = testing::rondo("inspect " + published("llama_3_outputs").string());
  EXPECT_EQ(outputs.exit_code, 4);
  EXPECT_THAT(outputs.output, HasSubstr("--head bt --output K"));
  const testing::Call value = testing::rondo("rank --data x.jsonl --model " + published("trl_value_head").string());
  EXPECT_THAT(value.output, HasSubstr("v_head.summary.weight with 1 rows"));
}

TEST_F(Published, RefusesAClassThatIsNoneOfOurs) {
  const std::string model = changed("openrlhf", [](json& c) { c["architectures"] = {"ForkedModel"}; });
  EXPECT_THAT(testing::rondo("inspect " + model).output, HasSubstr("unknown architecture 'ForkedModel'"));
}

// A classifier that lost a layer, and one whose labels are not its outputs.
TEST_F(Published, RefusesClassifiersThatContradictThemselves) {
  const std::string bare = changed("roberta", [](json& c) { c["architectures"] = {"BertForSequenceClassification"}; });
  EXPECT_EQ(testing::rondo("inspect " + bare).exit_code, 4);
  fs::remove_all(folder_ / "changed");
  const std::string lost =
      changed("openrlhf", [](json& c) { c["architectures"] = {"LlamaForSequenceClassification"}; });
  EXPECT_THAT(testing::rondo("inspect " + lost).output, HasSubstr("does not say num_labels 1"));
  fs::remove_all(folder_ / "changed");
  const std::string labels = changed("llama", [](json& c) {
    c.erase("num_labels");
    c["id2label"] = {{"0", "a"}, {"1", "b"}};
  });
  EXPECT_THAT(testing::rondo("inspect " + labels).output, HasSubstr("not a reward model with one output"));
  fs::remove_all(folder_ / "changed");
  const std::string decoder = changed("bert", [](json& c) {
    c["architectures"] = {"BertModel"};
    c["rondo"] = {{"head", {{"kind", "bt"}, {"tau", 1.0}, {"bias", true}}}};
  });
  // Its head exists, and the layer in front of it would be left out: nothing is dropped silently but what is ignorable.
  EXPECT_EQ(
      testing::rondo("verify " + decoder + " --reference " + (published("bert") / "record_as_it_stands.json").string())
          .exit_code,
      4);
}

TEST_F(Published, ImportsAHybridHead) {
  folder_.write("rows.jsonl", R"({"prompt":"w1 w2","responses":["w3 w4","w5"],"comparisons":[{"i":0,"j":1}]})");
  ASSERT_EQ(
      testing::rondo("train --model " + published("llama").string() + " --head hrc --planes 2 --norm none --data " +
                     at("rows.jsonl") + " --steps 2 --out " + at("hrc") + " --quiet")
          .exit_code,
      0);
  ASSERT_EQ(testing::rondo("verify " + at("hrc") + " --record " + at("scores.json")).exit_code, 0);
  json config = io::read_json_file(folder_ / "hrc" / "config.json");
  config.erase("rondo");
  config["architectures"] = {"LlamaForCausalLM"};
  folder_.write("hrc/config.json", config.dump());
  const testing::Call made = import(at("hrc"), "again", "--head hrc --norm none --reward-clip 2");
  ASSERT_EQ(made.exit_code, 0) << made.output;
  EXPECT_EQ(verify(at("again"), folder_ / "scores.json").exit_code, 0);
  ASSERT_EQ(import(at("hrc"), "clipped", "--head hrc --norm none --reward-clip 1e-3").exit_code, 0);
  EXPECT_EQ(verify(at("clipped"), folder_ / "scores.json").exit_code, 4);
}

TEST_F(Published, WritesNothingWhereItCannot) {
  folder_.write("file", "x");
  const testing::Call made = import(published("llama"), "file/out", "");
  EXPECT_EQ(made.exit_code, 5) << made.output;
  // A folder that an interrupted import left behind is no model and in nobody's way.
  fs::create_directories(folder_ / "out.part");
  folder_.write("out.part/model.safetensors", "half");
  EXPECT_EQ(import(published("llama"), "out", "").exit_code, 0);
  EXPECT_FALSE(fs::exists(folder_ / "out.part"));
}

TEST_F(Published, DoesNotOverwriteAModel) {
  ASSERT_EQ(import(published("llama"), "out", "").exit_code, 0);
  const testing::Call again = import(published("llama"), "out/", "");
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.output, HasSubstr("a model is there already"));
}

TEST_F(Published, InspectPrintsTheContract) {
  ASSERT_EQ(import(published("llama"), "out", "--preset skywork --max-length 64").exit_code, 0);
  const testing::Call shown = testing::rondo("inspect " + at("out") + " --json -");
  ASSERT_EQ(shown.exit_code, 0) << shown.output;
  const json contract = json::parse(shown.output)["contract"];
  EXPECT_EQ(contract["tokens_at_most"], 64);
  EXPECT_THAT(contract["system_turn"].get<std::string>(), HasSubstr("refused"));
  EXPECT_EQ(contract["bos"], "auto (<s>)");
  EXPECT_EQ(contract["example"], "<s><|user|> U <|end|><|assistant|> R <|end|>");
  folder_.write("rows.jsonl", R"({"messages":[{"role":"system","content":"w1"},{"role":"user","content":"w2"}],)"
                              R"("responses":["w3","w4"]})");
  const testing::Call ranked = testing::rondo("rank --model " + at("out") + " --data " + at("rows.jsonl"));
  EXPECT_EQ(ranked.exit_code, 3);
  EXPECT_THAT(ranked.output, HasSubstr("was trained without"));
  const testing::Call scale = testing::rondo("inspect " + published("openrlhf").string());
  EXPECT_THAT(scale.output, HasSubstr("mean 0.75, std 2.5, applied no"));
}

// An encoder's classifier is trained with its layers, saved, and still is transformers' class.
TEST_F(Published, AnEncodersClassifierTrainsOn) {
  folder_.write("rows.jsonl", R"({"prompt":"w1 w2 ","responses":["w3 w4","w5"],"comparisons":[{"i":0,"j":1}]})");
  const testing::Call trained =
      testing::rondo("train --model " + published("bert").string() + " --data " + at("rows.jsonl") + " --head '' " +
                     "--steps 3 --lr 1e-2 --out " + at("out") + " --quiet");
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  const json config = io::read_json_file(folder_ / "out" / "config.json");
  EXPECT_EQ(config["architectures"][0], "BertForSequenceClassification");
  EXPECT_EQ(config["rondo"]["head"]["classifier"], true);
  const testing::Call verified = verify(at("out"), published("bert") / "record_as_it_stands.json");
  EXPECT_EQ(verified.exit_code, 4) << "three steps changed nothing";
  const testing::Call shown = testing::rondo("inspect " + at("out") + " --tensors");
  EXPECT_THAT(shown.output, HasSubstr("bert.pooler.dense.weight"));
}

TEST_F(Published, ANewHeadReplacesAClassifier) {
  folder_.write("rows.jsonl", R"({"prompt":"w1 w2 ","responses":["w3 w4","w5"],"comparisons":[{"i":0,"j":1}]})");
  const testing::Call trained = testing::rondo("train --model " + published("roberta").string() + " --data " +
                                               at("rows.jsonl") + " --head gpm --steps 1 --out " + at("out"));
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  EXPECT_THAT(trained.output, HasSubstr("classifier.out_proj.weight"));
}

TEST_F(Published, ExportsWhatTransformersLoads) {
  const fs::path from = published("llama");
  const testing::Call made = testing::rondo("export --model " + from.string() + " --out " + at("out") +
                                            " --dtype bfloat16 --max-shard-size 4KB");
  ASSERT_EQ(made.exit_code, 0) << made.output;
  const json index = io::read_json_file(folder_ / "out" / "model.safetensors.index.json");
  EXPECT_TRUE(index["weight_map"].contains("score.weight"));
  EXPECT_GT(index["metadata"]["total_size"], 4000);
  const json config = io::read_json_file(folder_ / "out" / "config.json");
  EXPECT_EQ(config["num_labels"], 1);
  EXPECT_EQ(config["dtype"], "bfloat16");
  EXPECT_EQ(testing::rondo("verify " + at("out") + " --tolerance 0.1 --reference " +
                           (from / "record_as_it_stands.json").string())
                .exit_code,
            0);
  EXPECT_EQ(verify(at("out"), from / "record_as_it_stands.json").exit_code, 4);
}

TEST_F(Published, ExportKeepsACyclicHeadUnderItsPublishedNames) {
  const fs::path record = published("gpm_gated") / "record_unit_softmax.json";
  ASSERT_EQ(import(published("gpm_gated"), "gpm", joined(io::read_json_file(record)["import"])).exit_code, 0);
  ASSERT_EQ(testing::rondo("export --model " + at("gpm") + " --out " + at("out")).exit_code, 0);
  EXPECT_EQ(verify(at("out"), record).exit_code, 0);
  // The authors' code loads a whole language model with two more tensors.
  const std::string weights = io::TestFolder::read(folder_ / "out" / "model.safetensors");
  for (const char* name : {"lm_head.weight", "value_head.weight", "prompt_head.weight"})
    EXPECT_THAT(weights.substr(0, 8192), HasSubstr(std::string("\"") + name + "\"")) << name;
  const testing::Call refused =
      testing::rondo("export --model " + at("gpm") + " --out " + at("other") + " --format transformers");
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_THAT(refused.output, HasSubstr("no class for a gpm head"));
}

TEST_F(Published, ExportSaysWhereTransformersWouldReadAnotherToken) {
  const std::string model = changed("gpt2", [](json& c) { c["pad_token_id"] = c["eos_token_id"]; });
  const testing::Call made = testing::rondo("export --model " + model + " --out " + at("out"));
  EXPECT_EQ(made.exit_code, 0);
  EXPECT_THAT(made.output, HasSubstr("the score is read in front of </s> (3)"));
  const testing::Call fine = testing::rondo("export --model " + published("gpt2").string() + " --out " + at("fine"));
  EXPECT_THAT(fine.output, Not(HasSubstr("read in front of")));
  // Read by length, it needs a pad token that no text ends with.
  ASSERT_EQ(testing::rondo("import --from " + model + " --out " + at("length") + " --pooling sequence_end").exit_code,
            0);
  EXPECT_THAT(testing::rondo("export --model " + at("length") + " --out " + at("padded")).output,
              HasSubstr("pad_token_id was 3, which ends a text"));
  const testing::Call pooled = import(published("gpt2"), "mean", "--pooling mean");
  ASSERT_EQ(pooled.exit_code, 0) << pooled.output;
  EXPECT_THAT(testing::rondo("export --model " + at("mean") + " --out " + at("no")).output,
              HasSubstr("transformers reads another state"));
  const testing::Call biased = import(published("trl_value_head"), "biased", "--head bt");
  ASSERT_EQ(biased.exit_code, 0) << biased.output;
  EXPECT_THAT(testing::rondo("export --model " + at("biased") + " --out " + at("plain")).output,
              HasSubstr("has no bias: its rewards are ours minus"));
  EXPECT_EQ(testing::rondo("export --model " + at("mean") + " --out " + at("no") + " --max-shard-size 5").exit_code, 2);
}

TEST_F(Published, VerifyCountsPairsAndRefusesEmptyRecords) {
  const fs::path from = published("llama");
  json record = io::read_json_file(from / "record_as_it_stands.json");
  std::swap(record["rows"][0]["rewards"][0], record["rows"][0]["rewards"][1]);
  folder_.write("swapped.json", record.dump());
  EXPECT_THAT(verify(from.string(), folder_ / "swapped.json").output, HasSubstr("of 15 pairs ordered alike"));
  EXPECT_THAT(verify(from.string(), folder_ / "swapped.json").output, Not(HasSubstr("15 of 15")));
  folder_.write("empty.json", R"({"rows":[]})");
  EXPECT_EQ(verify(from.string(), folder_ / "empty.json").exit_code, 3);
  record["rows"][0].erase("rewards");
  folder_.write("none.json", record.dump());
  EXPECT_THAT(verify(from.string(), folder_ / "none.json").output, HasSubstr("neither scores nor rewards"));
}

}  // namespace
}  // namespace rondo
