// SPDX-License-Identifier: Apache-2.0
// `rondo align` with a policy and a judge: it learns, it continues after kills to the same bits, it says what is wrong.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "rondo/base/random.h"
#include "rondo/io/test_folder.h"
#include "tests/support/program.h"

namespace rondo {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Call;
using testing::Child;
using ::testing::HasSubstr;

// Responses of three words; the one with more `a` is preferred.
json labelled_row(const std::string& prompt) {
  const std::vector<std::string> responses = {"a a a", "a b a", "b a c", "c b c", "b b c", "a c c"};
  json row = {{"prompt", prompt}, {"responses", responses}, {"comparisons", json::array()}};
  const auto count = [&](size_t k) { return std::count(responses[k].begin(), responses[k].end(), 'a'); };
  for (size_t i = 0; i < responses.size(); ++i) {
    for (size_t j = i + 1; j < responses.size(); ++j)
      row["comparisons"].push_back(
          {{"i", i},
           {"j", j},
           {"p", 0.5 + 0.5 * static_cast<double>(std::clamp<int64_t>(count(i) - count(j), -1, 1))}});
  }
  return row;
}

std::vector<double> column(const fs::path& rows, const std::string& key) {
  std::vector<double> values;
  std::ifstream file(rows);
  for (std::string row; std::getline(file, row);) values.push_back(json::parse(row).at(key));
  return values;
}

// The response with more a wins.
constexpr const char* kRule = R"(import json, sys
for line in sys.stdin:
    row = json.loads(line)
    n = len(row["responses"])
    score = [r.count("a") for r in row["responses"]]
    row["comparisons"] = [{"i": i, "j": j, "p": 0.5 + 0.5 * ((score[i] > score[j]) - (score[i] < score[j]))}
                          for i in range(n) for j in range(i + 1, n)]
    print(json.dumps(row))
)";

class SelfPlay : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
    folder_.write("words.txt", "a\nb\nc\n");
    folder_.write("pairs.jsonl", labelled_row("b c ").dump() + "\n" + labelled_row("c c ").dump() + "\n");
    std::string prompts;
    for (int n = 0; n < 8; ++n)
      prompts += R"({"id":)" + std::to_string(n) + R"(,"prompt":")" + (n % 2 ? "c c " : "b c ") + "\"}\n";
    folder_.write("prompts.jsonl", prompts);
    ASSERT_EQ(call("init --layers 1 --hidden 16 --words $F/words.txt --out $F/policy").exit_code, 0);
    const Call judge = call(
        "train --model $F/policy --head gpm --planes 3 --data $F/pairs.jsonl --out $F/judge "
        "--steps 60 --lr 1e-2 --no-report");
    ASSERT_EQ(judge.exit_code, 0) << judge.output;
  }
  // $F stands for the test's folder.
  std::string expanded(std::string arguments) const {
    for (size_t at = 0; (at = arguments.find("$F", at)) != std::string::npos;)
      arguments.replace(at, 2, folder_.path().string());
    return arguments;
  }
  Call call(const std::string& arguments) const { return testing::rondo(expanded(arguments) + " --threads 1"); }
  static std::string align(const std::string& out, const std::string& more = "") {
    return "align --policy $F/policy --judge $F/judge --prompts $F/prompts.jsonl --responses 4 --max-new-tokens 4 "
           "--lr 3e-3 --batch-groups 4 --out $F/" +
           out + " " + more;
  }
  json manifest(const std::string& run, int iteration) const {
    return json::parse(
        io::TestFolder::read(folder_ / run / ("iteration-00" + std::to_string(iteration)) / "manifest.json"));
  }
  io::TestFolder folder_;
};

// Adapters on a frozen policy: every iterate is one, on the policy that the run began with.
TEST_F(SelfPlay, LearnsWithAdapters) {
  std::string command = align("run", "--objective gpo --iterations 2 --epochs 40 --lora-rank 8");
  command.replace(command.find("--lr 3e-3"), 9, "--lr 3e-2");
  const Call made = call(command);
  ASSERT_EQ(made.exit_code, 0) << made.output;
  // One layer on frozen embeddings learns less than a whole policy does; that it learns shows in its loss.
  const std::vector<double> losses = column(folder_ / "run/iteration-001/policy/metrics.jsonl", "loss");
  EXPECT_LT(losses.back(), losses.front() - 1);
  for (const char* const folder : {"run/iteration-001/policy", "run"}) {
    EXPECT_TRUE(fs::exists(folder_ / folder / "adapter_model.safetensors")) << folder;
    EXPECT_FALSE(fs::exists(folder_ / folder / "model.safetensors")) << folder;
    const json config = json::parse(io::TestFolder::read(folder_ / folder / "adapter_config.json"));
    EXPECT_EQ(config["base_model_name_or_path"], (folder_ / "policy").string());
    EXPECT_EQ(config["task_type"], "CAUSAL_LM");
  }
  const Call sampled = call("generate --model $F/run --data $F/prompts.jsonl --out $F/samples.jsonl");
  EXPECT_EQ(sampled.exit_code, 0) << sampled.output;
  ASSERT_EQ(call("export --model $F/run --merge --out $F/whole").exit_code, 0);
  EXPECT_TRUE(fs::exists(folder_ / "whole/model.safetensors"));
}

TEST_F(SelfPlay, LearnsWhatTheJudgePrefers) {
  const Call made = call(align("run", "--objective gpo --iterations 2 --epochs 12"));
  ASSERT_EQ(made.exit_code, 0) << made.output;
  EXPECT_THAT(made.output, HasSubstr("nats a response"));
  const json last = manifest("run", 2);
  EXPECT_EQ(last["queries"], 32);  // K forward passes a prompt
  EXPECT_GT(last["contest"]["judge"]["base"]["win_rate"], 0.7);
  EXPECT_EQ(last["sampler_weights"], manifest("run", 1)["weights"]);
  EXPECT_GT(last["statistics"]["kl_to_base"], 0);
  EXPECT_EQ(manifest("run", 1)["statistics"]["kl_to_base"], 0);
  EXPECT_FALSE(fs::exists(folder_ / "run" / "iteration-001" / "policy" / "checkpoints"));
  // The run's folder is the policy, and says what made it.
  const json config = json::parse(io::TestFolder::read(folder_ / "run" / "config.json"));
  EXPECT_EQ(config["rondo"]["training"]["objective"], "gpo");
  EXPECT_EQ(config["rondo"]["training"]["inputs"]["judge"], last["judge_weights"]);
  EXPECT_EQ(config["rondo"]["text"]["eos"], "ensure");
  const Call sampled =
      call("generate --model $F/run --data $F/prompts.jsonl --out $F/out.jsonl --responses 2 --max-new-tokens 4");
  EXPECT_EQ(sampled.exit_code, 0) << sampled.output;
}

TEST_F(SelfPlay, SamplesAnewInEveryIteration) {
  // At rate 0 the policy stays, so that equal samples would be those of an equal seed.
  const Call made = call(
      "align --policy $F/policy --judge $F/judge --prompts $F/prompts.jsonl --responses 4 --max-new-tokens 4 --lr 0 "
      "--iterations 2 --out $F/still");
  ASSERT_EQ(made.exit_code, 0) << made.output;
  EXPECT_EQ(manifest("still", 1)["weights"], manifest("still", 2)["weights"]);
  EXPECT_NE(manifest("still", 1)["samples"], manifest("still", 2)["samples"]);
}

TEST_F(SelfPlay, LearnsFromLabelsThatAreThere) {
  for (const char* objective : {"dpo --beta .2", "sft"}) {
    SCOPED_TRACE(objective);
    const std::string name = std::string(objective).substr(0, 3);
    const Call made =
        call("align --policy $F/policy --data $F/pairs.jsonl --lr 1e-2 --epochs 30 --batch-groups 2 --out $F/" + name +
             " --objective " + objective);
    ASSERT_EQ(made.exit_code, 0) << made.output;
    std::istringstream rows(io::TestFolder::read(folder_ / name / "metrics.jsonl"));
    std::vector<json> steps;
    for (std::string line; std::getline(rows, line);) steps.push_back(json::parse(line));
    EXPECT_LT(steps.back()["loss"], 0.7 * steps.front()["loss"].get<double>());
    EXPECT_TRUE(fs::exists(folder_ / name / "model.safetensors"));
  }
}

TEST_F(SelfPlay, AsksARefereeOfRows) {
  folder_.write("rule.py", kRule);
  const Call made =
      call(align("run", "--iterations 1 --epochs 12 --referee $F/judge --referee-command 'python3 $F/rule.py'"));
  ASSERT_EQ(made.exit_code, 0) << made.output;
  const json contest = manifest("run", 1)["contest"];
  EXPECT_GT(contest["command"]["base"]["win_rate"], 0.55);
  EXPECT_EQ(contest["referee"], contest["judge"]);

  // A judge with labels of the latest samples is another judge from the third iteration on.
  const Call refreshed = call(align("fresh",
                                    "--iterations 3 --refresh-judge 2:6 --judge-lr 1e-3 --judge-data $F/pairs.jsonl "
                                    "--referee-command 'python3 $F/rule.py'"));
  ASSERT_EQ(refreshed.exit_code, 0) << refreshed.output;
  EXPECT_EQ(manifest("fresh", 1)["judge_weights"], manifest("fresh", 2)["judge_weights"]);
  EXPECT_NE(manifest("fresh", 2)["judge_weights"], manifest("fresh", 3)["judge_weights"]);

  const Call broken = call(align("broken", "--iterations 1 --referee-command 'exit 3'"));
  EXPECT_NE(broken.exit_code, 0);
  EXPECT_THAT(broken.output, HasSubstr("the command failed: --referee-command"));
}

// Labels that people make between rounds: the run waits, takes what it is handed, and ends as with a command that says
// the same.
TEST_F(SelfPlay, WaitsForLabelsOfARefreshedJudge) {
  const std::string flags = "--iterations 3 --refresh-judge 2:6 --judge-lr 1e-3 --judge-data $F/pairs.jsonl";
  const std::string waits = "iteration 3 waits for labels";
  const Call stopped = call(align("asked", flags));
  EXPECT_EQ(stopped.exit_code, 130) << stopped.output;
  EXPECT_THAT(stopped.output, HasSubstr(waits));
  EXPECT_THAT(call("align --resume $F/asked").output, HasSubstr(waits));

  const fs::path round = folder_ / "asked/iteration-003";
  folder_.write("rule.py", kRule);
  ASSERT_EQ(testing::shell("python3 " + (folder_ / "rule.py").string() + " <" + (round / "unlabelled.jsonl").string() +
                           " >" + (round / "labels.jsonl").string())
                .exit_code,
            0);
  const Call resumed = call("align --resume $F/asked");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  const Call answered = call(align("answered", flags + " --referee-command 'python3 $F/rule.py'"));
  ASSERT_EQ(answered.exit_code, 0) << answered.output;
  EXPECT_NE(manifest("asked", 2)["judge_weights"], manifest("asked", 3)["judge_weights"]);
  EXPECT_EQ(manifest("asked", 3)["weights"], manifest("answered", 3)["weights"]);
}

// The judge prefers `a` and reads every `b` as one: a policy that learns from what it reads writes `b` too.
TEST_F(SelfPlay, JudgesWhatACommandMakesOfResponses) {
  folder_.write("swap.py", R"(import json, sys
for line in sys.stdin:
    row = json.loads(line)
    row["responses"] = [r.translate(str.maketrans("ab", "ba")) for r in row["responses"]]
    print(json.dumps(row))
)");
  const auto letters = [&](const std::string& run) {
    std::map<char, int> counts;
    std::istringstream rows(io::TestFolder::read(folder_ / run / "iteration-002" / "contest.jsonl"));
    for (std::string line; std::getline(rows, line);) {
      const json row = json::parse(line);
      for (const char letter : row.at("responses").dump()) ++counts[letter];
    }
    return counts;
  };
  const std::string learn = "--objective gpo --iterations 2 --epochs 12 --eval-responses 16 ";
  ASSERT_EQ(call(align("plain", learn)).exit_code, 0);
  const Call made = call(align("swapped", learn + "--answer-command 'python3 $F/swap.py'"));
  ASSERT_EQ(made.exit_code, 0) << made.output;
  std::map<char, int> plain = letters("plain"), swapped = letters("swapped");
  EXPECT_GT(plain['a'], 2 * plain['b']);
  EXPECT_GT(swapped['b'], 2 * swapped['a']);
  // Contests are held over what is read as well.
  EXPECT_GT(manifest("swapped", 2)["contest"]["judge"]["base"]["win_rate"], 0.7);
}

TEST_F(SelfPlay, SaysWhatIsWrongWithAnswers) {
  struct Case {
    std::string command;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"exit 3", "the command failed: --answer-command: status"},
      {"head -n 1", "answers are missing"},
      {"cat; cat prompts", "--answer-command"},
      {"sed \"s/\\[[^]]*\\]/[\\\"a\\\"]/\"", "1 of 4 responses"},
  };
  for (const Case& c : cases) {
    const Call made = call(align("x", "--iterations 1 --answer-command '" + c.command + "'"));
    EXPECT_NE(made.exit_code, 0) << c.command;
    EXPECT_THAT(made.output, HasSubstr(c.expected)) << c.command;
    EXPECT_THAT(made.output, ::testing::Not(HasSubstr("internal error")));
    fs::remove_all(folder_ / "x");
  }
  EXPECT_THAT(call("align --policy $F/policy --data $F/pairs.jsonl --answer-command cat --out $F/x").output,
              HasSubstr("--answer-command has no use"));
}

// Everything a run keeps, without the times.
std::map<std::string, std::string> contents(const fs::path& run) {
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(run)) {
    const std::string name = fs::relative(entry.path(), run).string();
    if (!entry.is_regular_file() || name == "run.json" || name == "report.html") continue;
    std::string text = io::TestFolder::read(entry.path());
    const std::string file = entry.path().filename().string();
    if (file == "manifest.json" || file == "metrics.jsonl") {
      std::istringstream lines(text);
      text.clear();
      json whole = file == "manifest.json" ? json::array({json::parse(lines)}) : json::array();
      for (std::string line; file == "metrics.jsonl" && std::getline(lines, line);) whole.push_back(json::parse(line));
      for (json& row : whole) row.erase("seconds");
      text = whole.dump();
    }
    files[name] = text;
  }
  return files;
}

TEST_F(SelfPlay, TwentyKilledRunsContinueToTheSameBits) {
  constexpr int kKills = 20;
  const std::string more =
      "--objective sppo --iterations 3 --epochs 4 --checkpoint-every 2 --magnet base --magnet-weight .2 "
      "--refresh-judge 2:6 --judge-data $F/pairs.jsonl --referee $F/judge";
  const std::string start = testing::program() + " " + expanded(align("straight", more)) + " --threads 1";
  const auto began = std::chrono::steady_clock::now();
  ASSERT_EQ(testing::shell(start).exit_code, 0);
  const double whole = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();

  Random random(1);
  for (int killed = 0; killed < kKills;) {
    const std::string begin = testing::program() + " " + expanded(align("killed", more)) + " --threads 1";
    const std::string resume = testing::program() + " align --resume " + (folder_ / "killed").string() + " --threads 1";
    const bool is_fresh = !fs::exists(folder_ / "killed" / "run.json");
    const Child child("exec " + (is_fresh ? begin : resume));
    // Every life dies somewhere in what a whole run takes; whatever was finished stays.
    const bool is_done = child.kill_after(whole * (0.1 + 0.5 * random.uniform()), SIGKILL);
    if (!is_done) {
      ++killed;
      continue;
    }
    ASSERT_EQ(contents(folder_ / "killed"), contents(folder_ / "straight"));
    fs::remove_all(folder_ / "killed");  // a finished run starts again
  }
  if (!fs::exists(folder_ / "killed" / "run.json")) return;
  const Call last = call("align --resume $F/killed");
  ASSERT_EQ(last.exit_code, 0) << last.output;
  EXPECT_EQ(contents(folder_ / "killed"), contents(folder_ / "straight"));
}

TEST_F(SelfPlay, SaysWhatIsWrong) {
  folder_.write("empty.jsonl", "");
  ASSERT_EQ(call("init --family bert --layers 1 --hidden 16 --words $F/words.txt --out $F/encoder").exit_code, 0);
  struct Case {
    std::string arguments;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"align --judge $F/judge --prompts $F/prompts.jsonl --out $F/x", "a setting is missing: --policy"},
      {"align --policy $F/policy --prompts $F/prompts.jsonl --out $F/x", "a setting is missing: --judge"},
      {"align --policy $F/policy --judge $F/judge --prompts $F/empty.jsonl --out $F/x", "no prompts"},
      {"align --policy $F/policy --judge $F/policy --prompts $F/prompts.jsonl --out $F/x", "no preference head"},
      {"align --policy $F/policy --judge $F/judge --prompts $F/prompts.jsonl --responses 1 --out $F/x",
       "one response has nothing to be compared with"},
      {"align --policy $F/encoder --judge $F/judge --prompts $F/prompts.jsonl --out $F/x", "no language-model head"},
      {align("x", "--objective gpp"), "did you mean 'gpo'"},
      {align("x", "--magnet moon"), "unknown magnet 'moon'"},
      {align("x", "--magnet-weight .1"), "--magnet-weight without a magnet"},
      {align("x", "--refresh-judge often --referee $F/judge"), "expected EVERY:STEPS"},
      {align("x", "--data $F/pairs.jsonl"), "exclude each other"},
      {align("y", "--temperature 0"), "the policy gives the same response every time"},
      {align("z", "--max-drift 1e-6"), "the policy ran away from its reference"},
      {"align --policy $F/policy --data $F/pairs.jsonl --objective gpo --out $F/x", "needs the scores of a judge"},
      {"align --policy $F/policy --data $F/prompts.jsonl --objective dpo --out $F/w", "prompts.jsonl"},
      {"align --resume $F/nothing", "nothing to resume"},
  };
  for (const Case& c : cases) {
    const Call made = call(c.arguments);
    EXPECT_NE(made.exit_code, 0) << c.arguments;
    EXPECT_THAT(made.output, HasSubstr(c.expected)) << c.arguments;
    EXPECT_THAT(made.output, ::testing::Not(HasSubstr("internal error")));
    fs::remove_all(folder_ / "x");
  }
}

TEST_F(SelfPlay, SaysWhatIsWrongWithTheJudge) {
  folder_.write("turns.jsonl", R"({"messages":[{"role":"user","content":"b c "}]})"
                               "\n");
  folder_.write("policy/chat_template.jinja", "{% for m in messages %}{{ m.content }}{% endfor %}");
  const Call plain = call(
      "align --policy $F/policy --judge $F/judge --prompts $F/turns.jsonl --max-new-tokens 4 --out $F/x --iterations "
      "1");
  EXPECT_EQ(plain.exit_code, 3);
  EXPECT_THAT(plain.output, HasSubstr("template"));
  fs::remove(folder_ / "policy" / "chat_template.jinja");

  // All bits set are not a number.
  std::string weights = io::TestFolder::read(folder_ / "judge" / "model.safetensors");
  weights.replace(weights.size() - 64, 64, 64, '\xff');
  folder_.write("judge/model.safetensors", weights);
  const Call broken = call(align("y", "--iterations 1"));
  EXPECT_EQ(broken.exit_code, 3);
  EXPECT_THAT(broken.output, HasSubstr("the judge's scores are not finite"));
}

TEST_F(SelfPlay, RefusesToContinueWithOtherInputs) {
  ASSERT_EQ(call(align("run", "--iterations 1")).exit_code, 0);
  EXPECT_THAT(call(align("run", "--iterations 1")).output, HasSubstr("a run is there already"));
  folder_.write("prompts.jsonl", "{\"prompt\":\"a b \"}\n");
  const Call other = call("align --resume $F/run");
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.output, HasSubstr("what the run began with has changed"));
  const std::string pooled =
      "align --policy $F/policy --judge $F/judge --prompts $F/prompts.jsonl --responses 4 "
      "--max-new-tokens 4 --iterations 1 --judge-data $F/pairs.jsonl --out $F/pooled";
  ASSERT_EQ(call(pooled).exit_code, 0);
  folder_.write("pairs.jsonl", labelled_row("b c ").dump() + "\n");
  EXPECT_THAT(call("align --resume $F/pooled").output, HasSubstr("what the run began with has changed"));
}

}  // namespace
}  // namespace rondo
