// SPDX-License-Identifier: Apache-2.0
// `rondo score` as people call it: numbers beside rows, files of other pipelines, a run that is killed, mistakes.
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "rondo/io/row_reader.h"
#include "rondo/io/test_folder.h"
#include "tests/support/program.h"

namespace rondo {
namespace {

using nlohmann::json;
using testing::Call;
using ::testing::HasSubstr;

constexpr double kTolerance = 1e-6;

constexpr const char* kRows =
    R"({"prompt":"play fair ","responses":["rock","paper","scissors"],"note":{"kept":[1,2]}}
{"prompt":"play soft ","response_a":"rock","response_b":"paper","p_a":0.7}
{"messages":[{"role":"user","content":"play strange "}],"responses":["paper","rock","paper"],"rewards":[9,9,9]}
{"prompt":"play soft ","responses":["rock"]}
{"prompt":"play fair ","responses":["rock","rock"]}
)";

class ScoreVerb : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
    folder_.write("words.txt", "play\nfair\nstrange\nsoft\nrock\npaper\nscissors\n");
    folder_.write("rows.jsonl", kRows);
    folder_.write("labels.jsonl", R"({"prompt":"play fair ","responses":["rock","paper","scissors"],"outcomes":"LWL"})"
                                  "\n");
    must("init --layers 1 --hidden 16 --heads 2 --inner 32 --words $F/words.txt --out $F/base");
    // A plain prompt and one user turn are the same text.
    folder_.write("base/chat_template.jinja", "{% for message in messages %}{{ message.content }}{% endfor %}");
    train("gpm");
  }
  Call call(std::string arguments) const {
    for (size_t at = 0; (at = arguments.find("$F", at)) != std::string::npos;)
      arguments.replace(at, 2, folder_.path().string());
    return testing::rondo(arguments + " --threads 1");
  }
  std::string must(const std::string& arguments) const {
    const Call made = call(arguments);
    EXPECT_EQ(made.exit_code, 0) << arguments << "\n" << made.output;
    return made.output;
  }
  void train(const std::string& head) const {
    must("train --model $F/base --head " + head +
         " --data $F/labels.jsonl --lr 1e-2 --batch-groups 1 --steps 5 --out $F/" + head);
  }
  static std::string score(const std::string& out, const std::string& more = "") {
    return "score --model $F/gpm --data $F/rows.jsonl --out $F/" + out + " " + more;
  }
  std::vector<json> rows(const std::string& name) const {
    std::vector<json> result;
    const auto reader = io::open_rows({(folder_ / name).string()});
    while (auto row = reader->next()) result.push_back(row->object);
    return result;
  }
  json list(const std::string& name) const { return json::parse(std::ifstream(folder_ / name)); }
  std::string read(const std::string& name) const { return io::TestFolder::read(folder_ / name); }

  io::TestFolder folder_;
};

double mean_of(const json& row, bool with_self, size_t i) {
  double sum = 0;
  for (size_t j = 0; j < row.size(); ++j) sum += j == i && !with_self ? 0 : row[j].get<double>();
  const size_t count = with_self ? row.size() : row.size() - 1;
  return count == 0 ? 0.5 : sum / static_cast<double>(count);
}

TEST_F(ScoreVerb, PutsTheJudgesNumbersBesideTheRow) {
  for (const std::string head : {"bt", "gpm", "hrc"}) {
    if (head != "gpm") train(head);
    const std::string judge = "--model $F/" + head + " --data $F/rows.jsonl ";
    const std::string said = must("score " + judge + "--out $F/out.jsonl --with-scores");
    EXPECT_THAT(said, HasSubstr("5 rows, 11 responses judged with 9 queries"));
    EXPECT_THAT(said, HasSubstr("2 of 5 rows prefer nothing"));
    const std::vector<json> scored = rows("out.jsonl");
    ASSERT_EQ(scored.size(), 5u);
    for (const json& row : scored) {
      const size_t count = row["mean_scores"].size();
      EXPECT_EQ(row.contains("rewards"), head != "gpm");
      for (size_t i = 0; i < count; ++i) {
        EXPECT_NEAR(row["mean_probabilities"][i], mean_of(row["probabilities"][i], false, i), kTolerance);
        EXPECT_NEAR(row["mean_scores"][i], count > 1 ? mean_of(row["scores"][i], false, i) : 0, kTolerance);
        EXPECT_LE(row["mean_scores"][i], row["mean_scores"][row["best"].get<size_t>()]);
        EXPECT_GE(row["mean_scores"][i], row["mean_scores"][row["worst"].get<size_t>()]);
      }
    }
    EXPECT_EQ(scored[0]["note"], json({{"kept", {1, 2}}}));
    EXPECT_EQ(scored[1]["p_a"], 0.7);
    // One response, and two equal ones: nothing is preferred.
    EXPECT_EQ(scored[3]["mean_probabilities"], json({0.5}));
    EXPECT_EQ(scored[4]["probabilities"], json({{0.5, 0.5}, {0.5, 0.5}}));
    // The same model by another verb.
    must("rank --model $F/" + head + " --data $F/labels.jsonl --with scores --with probabilities --out $F/rank.jsonl");
    const json ranked = rows("rank.jsonl").front();
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(scored[0]["mean_scores"][i], ranked["mean_scores"][i], kTolerance);
      for (size_t j = 0; j < 3; ++j) {
        EXPECT_NEAR(scored[0]["scores"][i][j], ranked["scores"][i][j], kTolerance);
        EXPECT_NEAR(scored[0]["probabilities"][i][j], ranked["probabilities"][i][j], kTolerance);
      }
    }
    EXPECT_EQ(scored[0]["best"], ranked["best"]);
  }
}

TEST_F(ScoreVerb, TheDiagonalIsAChoice) {
  must(score("without.jsonl"));
  must(score("with.jsonl", "--diagonal include"));
  const std::vector<json> without = rows("without.jsonl"), with = rows("with.jsonl");
  for (size_t n = 0; n < with.size(); ++n) {
    const size_t count = with[n]["mean_scores"].size();
    for (size_t i = 0; i < count; ++i) {
      const double shorter = static_cast<double>(count - 1) / static_cast<double>(count);
      EXPECT_NEAR(with[n]["mean_scores"][i].get<double>(), without[n]["mean_scores"][i].get<double>() * shorter,
                  kTolerance);
      EXPECT_NEAR(with[n]["mean_probabilities"][i], mean_of(with[n]["probabilities"][i], true, i), kTolerance);
    }
  }
}

// What kill -9 leaves is a beginning of the part file; a folder that cannot be made leaves a whole one to cut.
TEST_F(ScoreVerb, AKilledRunContinuesToTheSameBytes) {
  std::string many;
  for (int n = 0; n < 200; ++n)
    many += R"({"id":)" + std::to_string(n) + R"(,"prompt":"play )" + (n % 3 ? "fair " : "soft soft ") +
            R"(","responses":["rock","paper rock","scissors"]})" + "\n";
  folder_.write("rows.jsonl", many);
  must(score("whole.jsonl"));
  folder_.write("cut", "in the way");
  EXPECT_EQ(call(score("cut", "--format simpo")).exit_code, 5);
  const std::string part = read("cut.part");
  for (const int kept : {0, 1, 63, 64, 65, 130, 199, 200}) {
    size_t end = 0;
    for (int n = 0; n <= kept; ++n) end = part.find('\n', end) + 1;
    folder_.write("cut.part", part.substr(0, end + (kept < 200 ? 20 : 0)));
    const std::string said = must(score("cut"));
    EXPECT_THAT(said, kept > 0 ? HasSubstr("continuing behind " + std::to_string(kept) + " finished") : HasSubstr(""));
    EXPECT_EQ(read("cut"), read("whole.jsonl")) << kept;
    // Whole lots of 64 rows are taken as they are; of the last one all is scored again, in the same forward passes.
    EXPECT_THAT(said, HasSubstr("with " + std::to_string(3 * (200 - kept / 64 * 64)) + " queries"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "cut.part"));
  }
  // Another run's rows are not taken for this one's.
  const std::string begun = part.substr(0, part.size() / 2);
  folder_.write("cut.part", begun);
  const Call other = call(score("cut", "--diagonal include"));
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.output, HasSubstr("another run was interrupted here"));
  std::string damaged = begun;
  damaged[damaged.find("\"judged\"") + 1] = 'J';
  folder_.write("cut.part", damaged);
  const Call refused = call(score("cut"));
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.output, HasSubstr("cut.part: row 1 is damaged"));
  folder_.write("cut.part", begun);
  many.replace(many.find("fair"), 4, "soft");
  folder_.write("rows.jsonl", many);
  const Call changed = call(score("cut"));
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_THAT(changed.output, HasSubstr("its row 2 is not that of the data"));
  EXPECT_EQ(read("cut.part"), begun.substr(0, begun.rfind('\n') + 1));
}

TEST_F(ScoreVerb, ReadsAndWritesTheFilesOfSppo) {
  folder_.write("prompts.jsonl", "{\"prompt\":\"play fair \"}\n{\"prompt\":\"play soft \"}\n{\"prompt\":\"play \"}\n");
  std::filesystem::create_directories(folder_ / "generated");
  const json responses[3] = {
      {"rock", "rock", "rock"}, {"paper", "scissors", "rock"}, {"scissors rock", "paper", "rock"}};
  for (int i = 0; i < 3; ++i) folder_.write("generated/responses_" + std::to_string(i) + ".json", responses[i].dump());
  const std::string command =
      "score --model $F/gpm --data $F/prompts.jsonl --responses $F/generated --diagonal include ";
  const std::string said = must(command + "--format sppo --out $F/generated");
  EXPECT_THAT(said, HasSubstr("1 of 3 rows prefer nothing"));
  EXPECT_THAT(said, HasSubstr("left out of the pairs"));
  EXPECT_EQ(list("generated/responses_1.json"), responses[1]) << "what lay in the folder stays";
  EXPECT_FALSE(std::filesystem::exists(folder_ / "generated" / "responses_3.json"));
  const json tables = list("generated/probabilities.json");
  const std::vector<json> generated = rows("generated/train.parquet"), pairs = rows("generated/training/train.parquet");
  ASSERT_EQ(tables.size(), 3u);
  ASSERT_EQ(generated.size(), 3u);
  ASSERT_EQ(pairs.size(), 2u);
  for (size_t n = 0; n < 3; ++n) {
    EXPECT_EQ(generated[n]["probability"], tables[n]);
    size_t best = 0, worst = 0;
    for (size_t i = 0; i < 3; ++i) {
      const json expected = {{{"content", generated[n]["prompt"]}, {"role", "user"}},
                             {{"content", responses[i][n]}, {"role", "assistant"}}};
      EXPECT_EQ(generated[n]["generate_" + std::to_string(i)], expected);
      if (generated[n]["rm_scores"][i] > generated[n]["rm_scores"][best]) best = i;
      if (generated[n]["rm_scores"][i] < generated[n]["rm_scores"][worst]) worst = i;
    }
    if (n == 2) break;
    EXPECT_EQ(pairs[n]["chosen"][1]["content"], responses[best][n]);
    EXPECT_EQ(pairs[n]["rejected"][1]["content"], responses[worst][n]);
    EXPECT_EQ(pairs[n]["chosen_probs"], tables[n][best][worst]);
    EXPECT_NEAR(pairs[n]["chosen_probs_win"], mean_of(tables[n][best], true, best), kTolerance);
    EXPECT_NEAR(pairs[n]["chosen_probs_lose"], mean_of(tables[n][worst], true, worst), kTolerance);
  }
  // As the published script makes them: of mean scores.
  must(command + "--format sppo --out $F/published --as-published");
  const json of_means = list("published/probabilities.json"), m = rows("published/train.parquet")[0]["rm_scores"];
  EXPECT_NEAR(of_means[0][0][1], 1 / (1 + std::exp(m[1].get<double>() - m[0].get<double>())), kTolerance);
  // The judged file is data again: its table labels the responses, which the judge then finds as it found them.
  EXPECT_THAT(must("data check $F/generated/train.parquet"), HasSubstr("generations"));
  must("score --model $F/gpm --data $F/generated/train.parquet --diagonal include --out $F/again.jsonl");
  EXPECT_NEAR(rows("again.jsonl")[0]["probabilities"][0][1], tables[0][0][1], kTolerance);
}

TEST_F(ScoreVerb, WritesLogOddsForGpo) {
  folder_.write("rows.jsonl", R"({"prompt":"play fair ","responses":["rock","paper","scissors"]})");
  must(score("one", "--format gpm"));
  must(score("two", "--format gpm --as-published"));
  must(score("rondo.jsonl", "--with-scores"));
  const json one = list("one/probabilities.json")[0], two = list("two/probabilities.json")[0];
  const json row = rows("rondo.jsonl")[0];
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(one[i][i], 0.0);
    for (size_t j = 0; j < 3; ++j) {
      EXPECT_NEAR(1 / (1 + std::exp(-one[i][j].get<double>())), row["probabilities"][i][j], kTolerance);
      EXPECT_NEAR(two[i][j].get<double>(), 2 * one[i][j].get<double>(), kTolerance);
    }
  }
  EXPECT_EQ(list("one/responses_1.json"), json({"paper"}));
  const json pair = rows("one/training/train.parquet")[0];
  const auto best = row["best"].get<size_t>(), worst = row["worst"].get<size_t>();
  EXPECT_EQ(pair["chosen_probs"], one[best][worst]);
  EXPECT_NEAR(pair["chosen_probs_win"], mean_of(one[best], true, best), kTolerance);
}

TEST_F(ScoreVerb, ReadsAndWritesTheFilesOfSimpoAndOthers) {
  folder_.write("all_outputs.json",
                R"([{"prompt":"play fair ","all_generated_responses":["rock","paper","scissors"]},
                    {"prompt":"play soft ","all_generated_responses":["rock","rock"]}])");
  const std::string command = "score --model $F/gpm --data $F/all_outputs.json ";
  must(command + "--out $F/plain.jsonl");
  must(command + "--format simpo --out $F/simpo");
  must(command + "--format online_rlhf --out $F/online.jsonl");
  must(command + "--format openrlhf --out $F/pairs.jsonl");
  const json plain = rows("plain.jsonl")[0];
  const json texts = plain["all_generated_responses"], best = texts[plain["best"].get<size_t>()],
             worst = texts[plain["worst"].get<size_t>()];
  const json scored = list("simpo/all_outputs_rm.json"), pairs = list("simpo/all_outputs_bin.json");
  ASSERT_EQ(scored.size(), 2u);
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(scored[0]["all_rm_scores"], plain["mean_log_odds"]);
  EXPECT_EQ(scored[0]["all_generated_responses"], texts);
  const json user = {{"role", "user"}, {"content", "play fair "}};
  EXPECT_EQ(pairs[0]["chosen"], json({user, {{"role", "assistant"}, {"content", best}}}));
  EXPECT_EQ(pairs[0]["rejected"], json({user, {{"role", "assistant"}, {"content", worst}}}));
  const json online = rows("online.jsonl")[0], pair = rows("pairs.jsonl")[0];
  EXPECT_EQ(online["prompt"], json({user}));
  EXPECT_EQ(online["responses"], texts);
  EXPECT_EQ(online["rewards"], plain["mean_log_odds"]);
  EXPECT_EQ(rows("pairs.jsonl").size(), 1u);
  EXPECT_EQ(pair["prompt"], "play fair ");
  EXPECT_EQ(pair["chosen"], best);
  EXPECT_EQ(pair["rejected"], worst);
  EXPECT_EQ(pair["chosen_reward"], plain["mean_log_odds"][plain["best"].get<size_t>()]);
  EXPECT_EQ(pair["rejected_reward"], plain["mean_log_odds"][plain["worst"].get<size_t>()]);
  // Labelled by its scores, the SimPO file trains as the SPPO file does.
  EXPECT_THAT(must("data check $F/simpo/all_outputs_rm.json"), HasSubstr("simpo"));
}

// Overwrites the head's first weights with NaN.
void damage(const std::filesystem::path& weights) {
  std::string bytes = io::TestFolder::read(weights);
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof(header));
  const json tensors = json::parse(bytes.substr(8, header));
  for (const auto& [name, tensor] : tensors.items()) {
    if (name.find("value_head") == std::string::npos) continue;
    const float nan = std::nanf("");
    std::memcpy(bytes.data() + 8 + header + tensor["data_offsets"][0].get<size_t>(), &nan, sizeof(nan));
  }
  std::ofstream(weights, std::ios::binary) << bytes;
}

TEST_F(ScoreVerb, AJudgeWithoutNumbersIsNamed) {
  damage(folder_ / "gpm" / "model.safetensors");
  const Call scored = call(score("out.jsonl"));
  EXPECT_EQ(scored.exit_code, 4) << scored.output;
  EXPECT_THAT(scored.output, HasSubstr("rows.jsonl: row 1: the judge returned no number: response 1 of 3"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.jsonl"));
}

TEST_F(ScoreVerb, AnswersMistakesWithTheRemedy) {
  folder_.write("empty.jsonl", "");
  folder_.write("bad.jsonl", "{\"prompt\":\"play \",\"responses\":[\"rock\"]}\n{\"text\":1}\n");
  folder_.write("prompts.jsonl", "{\"prompt\":\"play \"}\n{\"prompt\":\"play \"}\n");
  folder_.write("one.json", R"(["rock"])");
  folder_.write("two.json", R"(["rock","paper"])");
  folder_.write("three.json", R"(["rock","paper","scissors"])");
  folder_.write("number.json", R"(["rock",3])");
  std::filesystem::create_directories(folder_ / "gap");
  for (const char* file : {"gap/responses_0.json", "gap/responses_2.json"}) folder_.write(file, R"(["rock","paper"])");
  const std::string model = "score --model $F/gpm --out $F/x.jsonl ";
  const std::string joined = model + "--data $F/prompts.jsonl --responses $F/";
  const struct {
    std::string arguments;
    int exit_code;
    const char* text;
  } cases[] = {
      {"score", 2, "--model"},
      {"score --model $F/gpm", 2, "--data"},
      {"score --model $F/gpm --data $F/rows.jsonl", 2, "--out"},
      {"score --model $F/gpm --data $F/rows.jsonl --out -", 2, "name a file"},
      {"score --model $F/base --data $F/rows.jsonl --out $F/x.jsonl", 4, "head"},
      {model + "--data $F/rows.jsonl --format parquet", 2, "--format"},
      {model + "--data $F/empty.jsonl", 3, "there are no rows"},
      {model + "--data $F/bad.jsonl", 3, "row 2: no known row shape"},
      {model + "--data $F/none.jsonl", 5, "none.jsonl"},
      {model + "--data $F/rows.jsonl --max-length 2", 3, "rows.jsonl: row 1: 3 tokens, the model takes 2"},
      {"score --model $F/gpm --data $F/rows.jsonl --out $F/no/such/x.jsonl", 5, "cannot write"},
      {"score --model $F/gpm --data $F/rows.jsonl --format sppo --out $F/sppo", 3,
       "row 2: 2 responses where the first row has 3"},
      {joined + "one.json", 3, "holds 1 texts"},
      {joined + "three.json", 3, "holds 3 texts, there are 2 prompts"},
      {joined + "two.json $F/three.json", 3, "do not fit each other"},
      {joined + "number.json", 3, "element 2 is number"},
      {joined + "gpm", 5, "no responses_0.json"},
      {joined + "gap", 5, "there is no responses_1.json, and there is responses_2.json"},
      {model + "--data $F/labels.jsonl --responses $F/one.json", 3, "it has 'responses' of its own"},
  };
  for (const auto& c : cases) {
    // Only a part file with rows is in the way of another run.
    std::filesystem::remove(folder_ / "sppo.part");
    const Call made = call(c.arguments);
    EXPECT_EQ(made.exit_code, c.exit_code) << c.arguments << "\n" << made.output;
    EXPECT_THAT(made.output, HasSubstr(c.text)) << c.arguments;
  }
}

// Digits and keys come back as they stood, and so do texts of other formats that look like what digits are kept in.
TEST_F(ScoreVerb, GivesRowsBackAsTheyStood) {
  const std::string row = R"("z":1.50,"id":12345678901234567890123,"prompt":"play ","responses":["rock","paper"])";
  folder_.write("digits.jsonl", "{" + row + "}\n");
  must("score --model $F/gpm --data $F/digits.jsonl --out $F/digits_out.jsonl");
  EXPECT_THAT(read("digits_out.jsonl"), HasSubstr("{" + row + ","));
  folder_.write("marks.csv",
                "prompt,responses,mark\nplay ,\"[\"\"rock\"\",\"\"paper\"\"]\",\x01"
                "12\n");
  must("score --model $F/gpm --data $F/marks.csv --out $F/marks_out.jsonl");
  EXPECT_EQ(rows("marks_out.jsonl").at(0)["mark"],
            "\x01"
            "12");
}

TEST_F(ScoreVerb, LeavesOutOnlyWhatItWasToldTo) {
  folder_.write("rows.jsonl",
                "{\"prompt\":\"play \",\"responses\":[\"rock\",\"rock paper scissors rock\"]}\n{\"text\":1}\n"
                "{\"prompt\":\"play \",\"responses\":[\"rock\",\"paper\"],\"id\":7}\n");
  const std::string said = must(score("out.jsonl", "--max-bad 1 --overlong drop --max-length 4"));
  EXPECT_THAT(said, HasSubstr("left out: 1 bad rows, 1 rows over the length limit"));
  ASSERT_EQ(rows("out.jsonl").size(), 1u);
  EXPECT_EQ(rows("out.jsonl")[0]["id"], 7);
}

}  // namespace
}  // namespace rondo
