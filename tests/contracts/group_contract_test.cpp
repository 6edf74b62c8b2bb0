// SPDX-License-Identifier: Apache-2.0
// What a group promises: the score of two responses depends on them and on their prompt, and on nothing that stands
// beside them in a file, a group or a batch.
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "rondo/base/random.h"
#include "rondo/runs/evaluate.h"
#include "rondo/runs/rank.h"
#include "rondo/runs/score.h"
#include "tests/support/lab.h"

namespace rondo {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kTolerance = 1e-5;  // float32

// Letters and blanks, where a blank merges with the letter behind it: the last token of a prompt that ends in a blank
// is another one once it is answered. The template keeps of a response what stands behind the last bar.
const char* const kTokenizer = R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[
  {"id":0,"content":"<unk>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
  {"id":1,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
  {"id":2,"content":"</s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
 "normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":null,
 "model":{"type":"BPE","dropout":null,"unk_token":"<unk>","continuing_subword_prefix":null,"end_of_word_suffix":null,
  "fuse_unk":false,"byte_fallback":false,
  "vocab":{"<unk>":0,"<s>":1,"</s>":2,"a":3,"b":4,"c":5," ":6,"?":7," a":8," b":9,"ab":10," ab":11},
  "merges":[[" ","a"],[" ","b"],["a","b"],[" a","b"]]}})";
const char* const kTemplate =
    "{{ bos_token }}{% for m in messages %}{{ m.content.split('|')[-1] }}"
    "{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}";

struct Row {
  std::string id, prompt;
  std::vector<std::string> responses;
};

class GroupContract : public testing::Lab {
 protected:
  GroupContract() {
    std::string words;
    for (int k = 0; k < 16; ++k) words += fmt::format("w{}\n", k);
    folder_.write("words.txt", words);
  }

  // A trained model of that tokenizer and template, with head and gate.
  std::string model(const std::string& head, const std::string& gate) {
    const std::string base_folder = base("base", 5);
    folder_.write("base/tokenizer.json", kTokenizer);
    folder_.write("base/tokenizer_config.json", R"({"bos_token":"<s>","eos_token":"</s>"})");
    folder_.write("base/chat_template.jinja", kTemplate);
    runs::TrainConfig config = training(base_folder, "model", 3);
    config.train.head = head;
    config.train.head_options = {.gate = gate};
    if (head != "bt" && head != "pair") config.train.head_options.planes = 3;
    config.train.loop.lr = 3e-2;
    runs::train(config, {});
    return path("model");
  }

  std::vector<Row> random_rows(size_t count) {
    Random random(7);
    const char* const prompts[] = {"a b ", "c ", "b?", "a a c b ", "c b a "};
    std::vector<Row> rows;
    for (size_t k = 0; k < count; ++k) {
      Row row{.id = fmt::format("r{}", k), .prompt = prompts[random.below(5)], .responses = {}};
      for (uint64_t r = 0; r < 2 + random.below(3); ++r) {
        std::string text;
        for (uint64_t n = 0; n <= random.below(5); ++n) text += "abc "[random.below(4)];
        const bool repeats = r > 0 && random.below(4) == 0;
        row.responses.push_back(repeats ? "ab|" + row.responses.front() : text);
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }

  std::string write(const std::string& name, const std::vector<Row>& rows) {
    std::string text;
    for (const Row& row : rows) {
      ordered_json line = {{"id", row.id}, {"prompt", row.prompt}, {"responses", row.responses}};
      line["comparisons"] = json::array();
      for (size_t j = 1; j < row.responses.size(); ++j) line["comparisons"].push_back({{"i", 0}, {"j", j}});
      text += line.dump() + "\n";
    }
    return folder_.write(name, text);
  }

  // Scores and ids by row, in the file's order.
  std::vector<ordered_json> rank(const std::vector<Row>& rows, int64_t budget = 16384, bool deterministic = false) {
    runs::RankConfig config{.model = path("model"),
                            .data = {.data = {write("ranked.jsonl", rows)}},
                            .with = {"scores", "gate", "token_ids"},
                            .deterministic = deterministic,
                            .token_budget = budget};
    config.process.threads = 1;
    std::vector<ordered_json> replies;
    runs::rank(config, {}, [&](const ordered_json& reply) { replies.push_back(reply); });
    return replies;
  }
};

class EveryHeadContract : public GroupContract,
                          public ::testing::WithParamInterface<std::pair<const char*, const char*>> {};

void expect_close(const ordered_json& a, const ordered_json& b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (size_t k = 0; k < a.size(); ++k) {
    if (a[k].is_array())
      expect_close(a[k], b[k], what);
    else
      ASSERT_NEAR(a[k].get<double>(), b[k].get<double>(), kTolerance) << what;
  }
}

TEST_P(EveryHeadContract, APairsScoreDependsOnNothingBesideIt) {
  const auto [head, gate] = GetParam();
  model(head, gate);
  const std::vector<Row> rows = random_rows(40);
  std::map<std::string, ordered_json> alone;
  for (const Row& row : rows) alone[row.id] = rank({row}).front();
  const auto expect_same = [&](const std::vector<Row>& order, const std::vector<ordered_json>& replies,
                               const std::string& what) {
    ASSERT_EQ(replies.size(), order.size()) << what;
    for (size_t k = 0; k < order.size(); ++k) {
      ASSERT_EQ(replies[k]["id"], order[k].id) << what;
      expect_close(alone[order[k].id]["scores"], replies[k]["scores"], what + ", " + order[k].id);
      if (replies[k].contains("gate")) expect_close(alone[order[k].id]["gate"], replies[k]["gate"], what);
    }
  };
  // Rows of one prompt merge; any order of them, any batch.
  for (const int64_t budget : {1, 40, 16384}) expect_same(rows, rank(rows, budget), fmt::format("budget {}", budget));
  expect_same(rows, rank(rows, 16384, true), "deterministic");
  Random random(3);
  std::vector<Row> shuffled = rows;
  random.shuffle(std::span(shuffled));
  expect_same(shuffled, rank(shuffled), "shuffled");
  // A further response in every row: the table of the others stays.
  std::vector<Row> longer = rows;
  for (Row& row : longer) row.responses.emplace_back(random.below(2) == 0 ? "a" : "cab ab?");
  std::vector<ordered_json> replies = rank(longer);
  for (ordered_json& reply : replies) {
    reply["scores"].erase(reply["scores"].size() - 1);
    for (ordered_json& line : reply["scores"]) line.erase(line.size() - 1);
  }
  expect_same(rows, replies, "with a further response");
}

// How often two responses of a reply are the same, having seen that they are whenever their tokens are.
size_t expect_ties(const ordered_json& reply) {
  size_t equal = 0;
  const ordered_json& scores = reply["scores"];
  const auto same = reply.value("same_tokens", std::vector<std::vector<size_t>>());
  const auto are_same = [&same](size_t i, size_t j) {
    return std::ranges::any_of(same, [i, j](const std::vector<size_t>& list) {
      return std::ranges::count(list, i) > 0 && std::ranges::count(list, j) > 0;
    });
  };
  // Pairwise models list tokens by pair, and none of a response with itself.
  const bool has_ids = !reply.contains("token_pairs") && reply.contains("token_ids");
  for (size_t k = 0; k < scores.size() * scores.size(); ++k) {
    const size_t i = k / scores.size(), j = k % scores.size();
    if (i != j && has_ids) {
      EXPECT_EQ(are_same(i, j), reply["token_ids"][i] == reply["token_ids"][j]);
    }
    if (i != j && !are_same(i, j)) continue;
    equal += i != j ? 1 : 0;
    EXPECT_EQ(scores[i][j], 0.0);
    EXPECT_EQ(scores[i], scores[j]);
    EXPECT_EQ(reply["mean_scores"][i], reply["mean_scores"][j]);
  }
  return equal;
}

TEST_P(EveryHeadContract, EqualTokensScoreExactlyZero) {
  const auto [head, gate] = GetParam();
  model(head, gate);
  size_t equal = 0;
  for (const bool deterministic : {false, true}) {
    for (const ordered_json& reply : rank(random_rows(60), 16384, deterministic)) equal += expect_ties(reply);
  }
  EXPECT_GT(equal, 10u);
}

INSTANTIATE_TEST_SUITE_P(Heads, EveryHeadContract,
                         ::testing::Values(std::pair("bt", "none"), std::pair("gpm", "none"),
                                           std::pair("gpm", "softmax"), std::pair("hrc", "softmax"),
                                           std::pair("pair", "none")));

// Where the prompt's last token merges with a response, the gate still reads the prompt alone.
TEST_F(GroupContract, TheGateReadsThePromptAlone) {
  model("gpm", "softmax");
  const auto gate_beside = [&](const std::vector<std::string>& responses) {
    return rank({{.id = "x", .prompt = "a b ", .responses = responses}}).front()["gate"];
  };
  const ordered_json gate = gate_beside({"c", "?"});
  expect_close(gate, gate_beside({"c", "a"}), "one merges");
  expect_close(gate, gate_beside({"a", "ab"}), "all merge");
  expect_close(gate, gate_beside({"aaaaaaaaaaaaaa", "aaaaaaaaaaaaab", "aaaaaaaaaaaaac"}), "and begin alike");
  const auto far = rank({{.id = "x", .prompt = "c ", .responses = {"c", "?"}}}).front()["gate"];
  EXPECT_GT(std::abs(far[0].get<double>() - gate[0].get<double>()), 1e-3);
}

// A longer response beside them does not cut more off the others.
TEST_F(GroupContract, TruncationIsOfEachSequenceByItself) {
  model("gpm", "softmax");
  const auto ranked = [&](const std::vector<std::string>& responses) {
    const std::string file = write("long.jsonl", {{.id = "x", .prompt = "abc?abc?abc?abc?", .responses = responses}});
    runs::RankConfig config{.model = path("model"),
                            .data = {.data = {file}, .overlong = "truncate-left", .max_length = 12},
                            .with = {"scores", "gate", "token_ids"}};
    ordered_json reply;
    runs::rank(config, {}, [&](const ordered_json& row) { reply = row; });
    return reply;
  };
  const ordered_json two = ranked({"c", "?c"}), three = ranked({"c", "?c", "?ccc?c"});
  for (size_t r = 0; r < 3; ++r) EXPECT_EQ(three["token_ids"][r].size(), 12u);
  EXPECT_EQ(two["token_ids"][1], three["token_ids"][1]);
  EXPECT_EQ(two["token_ids"][0][0], 1);  // BOS
  EXPECT_NEAR(two["scores"][0][1].get<double>(), three["scores"][0][1].get<double>(), kTolerance);
  expect_close(two["gate"], three["gate"], "gate");
}

// Comparisons answer for their own row although the rows of a prompt are computed together.
TEST_F(GroupContract, RowsKeepTheirNames) {
  model("bt", "none");
  folder_.write("rows.jsonl",
                R"({"id":"r1","subset":"easy","prompt":"a ","responses":["c","b"],"comparisons":[{"i":0,"j":1}]}
{"id":"r2","subset":"hard","prompt":"a ","responses":["?","c"],"comparisons":[{"i":1,"j":0}]}
{"id":"r3","subset":"hard","prompt":"b ","responses":["c","c c"],"comparisons":[{"i":0,"j":1}]}
)");
  runs::EvaluateConfig config{
      .models = {path("model")}, .data = {.data = {path("rows.jsonl")}}, .dump = path("dump.jsonl"), .subsets = true};
  const runs::EvaluateResult result = runs::evaluate(config, {}, [](const auto&) {});
  EXPECT_EQ(result.models[0].subsets.at("easy").comparisons, 1);
  EXPECT_EQ(result.models[0].subsets.at("hard").comparisons, 2);
  std::vector<std::string> dumped;
  std::istringstream lines(io::TestFolder::read(path("dump.jsonl")));
  for (std::string line; std::getline(lines, line);) {
    const json row = json::parse(line);
    dumped.push_back(fmt::format("{} {} {}>{}", row["id"].get<std::string>(), row["subset"].get<std::string>(),
                                 row["i"].get<int>(), row["j"].get<int>()));
  }
  EXPECT_THAT(dumped, ::testing::UnorderedElementsAre("r1 easy 0>1", "r2 hard 1>0", "r3 hard 0>1"));
}

// Responses whose tokens are equal decide nothing: no accuracy is made of them, no pair, no step.
TEST_F(GroupContract, UndecidedComparisonsAreCountedAndLeftOut) {
  model("gpm", "none");
  folder_.write("rows.jsonl", R"({"prompt":"a ","responses":["aa|c","b|c"],"comparisons":[{"i":0,"j":1}]}
{"prompt":"b ","responses":["c","a|c"],"comparisons":[{"i":1,"j":0}]}
)");
  runs::EvaluateConfig config{.models = {path("model")}, .data = {.data = {path("rows.jsonl")}}};
  runs::EvaluateResult result = runs::evaluate(config, {}, [](const auto&) {});
  EXPECT_EQ(result.models[0].evaluation.comparisons, 0);
  EXPECT_EQ(result.models[0].undecided, 2);
  EXPECT_EQ(result.json["undecided"], 2);
  EXPECT_TRUE(ordered_json::parse(result.json.dump())["accuracy"].is_null());
  runs::score({.model = path("model"),
               .data = {.data = {path("rows.jsonl")}},
               .out = path("pairs.jsonl"),
               .format = "openrlhf"},
              {});
  EXPECT_EQ(io::TestFolder::read(path("pairs.jsonl")), "");
  runs::TrainConfig again = training(path("model"), "again", 1);
  again.train.head.clear();
  again.train.head_options = {};
  EXPECT_THAT([&] { runs::train(again, {}); }, ::testing::ThrowsMessage<DataError>(HasSubstr("no comparison is left")));
}

// Two models that read different rows of the same file are compared on those that both read.
TEST_F(GroupContract, ModelsAreComparedOnCommonComparisons) {
  model("bt", "none");
  std::filesystem::copy(path("model"), path("short"), std::filesystem::copy_options::recursive);
  json text = json_of("short/config.json");
  text["rondo"]["text"]["max_length"] = 6;
  folder_.write("short/config.json", text.dump());
  folder_.write("rows.jsonl", R"({"prompt":"a ","responses":["c","b"],"comparisons":[{"i":0,"j":1}]}
{"prompt":"c c c c c c ","responses":["c","b"],"comparisons":[{"i":1,"j":0}]}
)");
  runs::EvaluateConfig config{.models = {path("model"), path("short")},
                              .data = {.data = {path("rows.jsonl")}, .overlong = "drop"}};
  const runs::EvaluateResult result = runs::evaluate(config, {}, [](const auto&) {});
  EXPECT_EQ(result.models[0].evaluation.comparisons, 2);
  EXPECT_EQ(result.models[1].evaluation.comparisons, 1);
  ASSERT_EQ(result.differences.size(), 1u);
  EXPECT_EQ(result.differences[0].comparisons, 1);
  EXPECT_EQ(result.differences[0].accuracy, 0);
}

// Which response of which row a damaged number belongs to.
TEST_F(GroupContract, ADamagedScoreIsNamedByRowAndResponse) {
  const std::string directory = model("bt", "none");
  folder_.write("rows.jsonl", R"({"prompt":"a ","responses":["c","b"],"comparisons":[{"i":0,"j":1}]}
{"prompt":"a ","responses":["c","?","b"],"comparisons":[{"i":0,"j":1}]}
)");
  const model::Reader reader(directory, {.load = {.trainable = true}, .text = {}});  // weights of its own
  for (const nn::Parameter& p : reader.model().parameters().all()) {
    const at::NoGradGuard no_grad;
    if (p.name.find("embed") != std::string::npos) p.value.select(0, 7).fill_(std::nan(""));
  }
  model::save(reader.model(), reader.rondo(), path("damaged"), reader.files().tokenizer);
  const auto damage = HasSubstr("rows.jsonl: row 2: response 2 of 3: its reward is not finite");
  const data::DataOptions data{.data = {path("rows.jsonl")}};
  EXPECT_THAT([&] { runs::rank({.model = path("damaged"), .data = data}, {}, [](const auto&) {}); },
              ::testing::ThrowsMessage<DataError>(damage));
  EXPECT_THAT([&] { runs::evaluate({.models = {path("damaged")}, .data = data}, {}, [](const auto&) {}); },
              ::testing::ThrowsMessage<DataError>(damage));
}

}  // namespace
}  // namespace rondo
