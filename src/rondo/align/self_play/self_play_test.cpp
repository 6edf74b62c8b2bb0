// SPDX-License-Identifier: Apache-2.0
// Parts of self-play that need no model; the loop itself is tested through the program (tests/cli).
#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "rondo/align/self_play/config.h"
#include "rondo/align/self_play/contest.h"
#include "rondo/align/self_play/judge.h"
#include "rondo/align/self_play/labels.h"
#include "rondo/align/self_play/refresh.h"
#include "rondo/align/self_play/statistics.h"
#include "rondo/base/error.h"
#include "rondo/io/safetensors.h"
#include "rondo/io/test_folder.h"
#include "rondo/model/tensors.h"

namespace rondo::align {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Magnet, StandsWhereItsNameSays) {
  EXPECT_EQ(magnet_iterate("none", 7), std::nullopt);
  EXPECT_EQ(magnet_iterate("base", 7), 0);
  EXPECT_EQ(magnet_iterate("previous", 7), 6);
  EXPECT_EQ(magnet_iterate("moving:3", 1), 0);
  EXPECT_EQ(magnet_iterate("moving:3", 3), 0);
  EXPECT_EQ(magnet_iterate("moving:3", 4), 3);
  EXPECT_EQ(magnet_iterate("moving:3", 7), 6);
  for (const char* wrong : {"moving:0", "moving:", "moving:2x", "moving:-1", "bse"})
    EXPECT_THAT([&] { magnet_iterate(wrong, 1); }, ThrowsMessage<ConfigError>(HasSubstr("unknown magnet")));
}

TEST(Reference, IsThePreviousIterateForSelfPlay) {
  AlignConfig config;
  const auto at = [&](const char* objective, const char* reference) {
    config.objective.objective = objective;
    config.reference = reference;
    return reference_iterate(config, 5);
  };
  EXPECT_EQ(at("gpo", "auto"), 4);
  EXPECT_EQ(at("dpo", "auto"), 0);
  EXPECT_EQ(at("gpo", "base"), 0);
  EXPECT_EQ(at("dpo", "previous"), 4);
}

TEST(WinRate, IsTheMeanWithAnIntervalOverPrompts) {
  const std::vector<double> means = {0.2, 0.4, 0.9};
  const WinRate rate = win_rate(means, 1);
  EXPECT_NEAR(rate.value, 0.5, 1e-12);
  EXPECT_GE(rate.low, 0.2);
  EXPECT_LT(rate.low, 0.4);
  EXPECT_GT(rate.high, 0.6);
  EXPECT_LE(rate.high, 0.9);
  EXPECT_TRUE(std::isnan(win_rate(std::vector<double>{0.7}, 1).low));
}

TEST(Contest, ReadsTheBlockOfEachOpponent) {
  const Prompt prompt{.text = "p"};
  const std::vector<const Prompt*> prompts = {&prompt};
  const std::vector<Contestant> contestants = {{"new", {{"a", "b"}}}, {"base", {{"c"}}}, {"previous", {{"d", "e"}}}};
  // Entry (i, j) is 10 i + j hundredths, so that a wrong block shows.
  const Referee referee = [](std::span<const JudgedTexts> texts) {
    EXPECT_THAT(texts[0].responses, ::testing::ElementsAre("a", "b", "c", "d", "e"));
    std::vector<double> entries;
    for (int i = 0; i < 5; ++i) {
      for (int j = 0; j < 5; ++j) entries.push_back((10.0 * i + j) / 100);
    }
    return std::vector<Tensor>{at::tensor(entries).view({5, 5})};
  };
  const std::vector<NamedReferee> referees = {{"rule", referee}};
  const auto result = hold_contest(prompts, contestants, referees, 1);
  EXPECT_NEAR(result["rule"]["base"]["win_rate"].get<double>(), (2 + 12) / 200.0, 1e-6);
  EXPECT_NEAR(result["rule"]["previous"]["win_rate"].get<double>(), (3 + 4 + 13 + 14) / 400.0, 1e-6);
  EXPECT_TRUE(result["rule"]["base"]["low"].is_null());
}

class Labels : public ::testing::Test {
 protected:
  std::vector<Tensor> read(const std::string& rows) const {
    return read_labels(folder_.write("labels.jsonl", rows), texts_);
  }
  io::TestFolder folder_;
  Prompt prompt_{.text = "p "};
  std::vector<JudgedTexts> texts_ = {{&prompt_, {"x", "y", "x"}}};
};

TEST_F(Labels, BecomeTables) {
  const Tensor table = read(R"({"prompt":"p ","responses":["x","y","x"],"comparisons":[{"i":1,"j":0,"p":0.75}]})"
                            "\n")[0];
  EXPECT_NEAR(table[1][0].item<double>(), 0.75, 1e-7);
  EXPECT_NEAR(table[0][1].item<double>(), 0.25, 1e-7);
  EXPECT_EQ(table[0][2].item<double>(), 0.5);  // equal texts
  EXPECT_EQ(table[2][2].item<double>(), 0.5);
  EXPECT_TRUE(std::isnan(table[1][2].item<double>()));
}

TEST_F(Labels, RefuseWhatWasNotAsked) {
  EXPECT_THAT([&] { (void)read(""); }, ThrowsMessage<DataError>(HasSubstr("labels are missing")));
  const std::string other = R"({"prompt":"p ","responses":["x","z","x"],"comparisons":[{"i":1,"j":0}]})"
                            "\n";
  EXPECT_THAT([&] { (void)read(other); }, ThrowsMessage<DataError>(HasSubstr("labels of other responses")));
  const std::string right = R"({"prompt":"p ","responses":["x","y","x"],"comparisons":[{"i":1,"j":0}]})"
                            "\n";
  EXPECT_THAT([&] { (void)read(right + right); }, ThrowsMessage<DataError>(HasSubstr("labels without a question")));
}

TEST_F(Labels, GoOutAsRowsThatComeBack) {
  write_unlabelled(folder_ / "rows.jsonl", texts_);
  const auto row = nlohmann::json::parse(io::TestFolder::read(folder_ / "rows.jsonl"));
  EXPECT_EQ(row["prompt"], "p ");
  EXPECT_EQ(row["responses"], (std::vector<std::string>{"x", "y", "x"}));
}

TEST(Refresh, ComesWhenThePlanSays) {
  EXPECT_FALSE(refresh_plan("").is_due(5));
  const RefreshPlan plan = refresh_plan("3:20");
  EXPECT_EQ(plan.steps, 20);
  std::vector<int64_t> due;
  for (int64_t t = 1; t <= 10; ++t) {
    if (plan.is_due(t)) due.push_back(t);
  }
  EXPECT_THAT(due, ::testing::ElementsAre(4, 7, 10));
  for (const char* wrong : {"3", "0:5", "3:", ":4", "3:0", "3:4x"})
    EXPECT_THAT([&] { refresh_plan(wrong); }, ThrowsMessage<ConfigError>(HasSubstr("EVERY:STEPS")));
}

TEST_F(Labels, OfSamplesAreWrittenWithoutEmptyOnes) {
  const NamedReferee rule = {
      "rule", [](std::span<const JudgedTexts>) {
        const double unknown = std::nan("");
        return std::vector<Tensor>{at::tensor({0.5, 0.75, 0.5, 0.25, 0.5, unknown, 0.5, unknown, 0.5}).view({3, 3})};
      }};
  label_samples(rule, texts_, folder_ / "labels.jsonl");
  const auto row = nlohmann::json::parse(io::TestFolder::read(folder_ / "labels.jsonl"));
  ASSERT_EQ(row["comparisons"].size(), 1u) << row;  // equal texts and unknown pairs teach nothing
  EXPECT_EQ(row["comparisons"][0]["p"], 0.75);
}

class StoredJudgements : public ::testing::Test {
 protected:
  static std::vector<Judgement> judged(bool has_axes) {
    std::vector<Judgement> list;
    for (const double prompt : {0.1, 0.2, 0.3}) {
      const Tensor scores = at::tensor({0.0, prompt, -prompt, 0.0}, at::kFloat).view({2, 2});
      Judgement& j = list.emplace_back(Judgement{
          .mean_scores_K = scores.sum(1), .scores_KK = scores, .transitive_K = scores.mean(1), .tau = prompt});
      if (!has_axes) continue;
      j.axis_means_KA = at::tensor({1.0, 2.0, 3.0, 4.0, 5.0, prompt}, at::kFloat).view({2, 3});
      j.axis_weights_A = at::tensor({1.0, prompt, 2.0}, at::kFloat);
    }
    return list;
  }

  io::TestFolder folder_;
  const std::filesystem::path file_ = folder_ / "judged.safetensors";
};

TEST_F(StoredJudgements, ComeBackToTheBit) {
  for (const bool has_axes : {false, true}) {
    const std::vector<Judgement> written = judged(has_axes);
    write_judgements(file_, written);
    const std::vector<Judgement> read = read_judgements(file_, 3, 2);
    ASSERT_EQ(read.size(), 3U);
    for (size_t m = 0; m < 3; ++m) {
      EXPECT_EQ(read[m].tau, written[m].tau);
      EXPECT_TRUE(read[m].mean_scores_K.equal(written[m].mean_scores_K));
      EXPECT_TRUE(read[m].scores_KK.equal(written[m].scores_KK));
      EXPECT_TRUE(read[m].transitive_K.equal(written[m].transitive_K));
      ASSERT_EQ(read[m].axis_means_KA.defined(), has_axes);
      ASSERT_EQ(read[m].axis_weights_A.defined(), has_axes);
      if (!has_axes) continue;
      EXPECT_TRUE(read[m].axis_means_KA.equal(written[m].axis_means_KA));
      EXPECT_TRUE(read[m].axis_weights_A.equal(written[m].axis_weights_A));
    }
  }
}

// Writer and reader share a table of names; only the file itself shows that the right numbers stand behind them.
TEST_F(StoredJudgements, StandUnderTheirNames) {
  const std::vector<Judgement> written = judged(/*has_axes=*/true);
  write_judgements(file_, written);
  const io::SafetensorsReader file(file_);
  const auto expect = [&](const char* name, const Tensor& last) {
    const io::TensorView* view = file.find(name);
    ASSERT_NE(view, nullptr) << name;
    EXPECT_EQ(view->bytes.substr(2 * view->bytes.size() / 3), model::tensor_bytes(last.contiguous())) << name;
  };
  expect("mean_scores", written[2].mean_scores_K);
  expect("scores", written[2].scores_KK);
  expect("transitive", written[2].transitive_K);
  expect("axis_means", written[2].axis_means_KA);
  expect("axis_weights", written[2].axis_weights_A);
  expect("tau", at::tensor({written[2].tau}, at::kDouble));
}

TEST_F(StoredJudgements, RefuseOtherSamplesAndOtherFiles) {
  write_judgements(file_, judged(/*has_axes=*/true));
  for (const auto& [prompts, responses] : {std::pair{4, 2}, {3, 3}})
    EXPECT_THAT([&] { (void)read_judgements(file_, prompts, responses); },
                ThrowsMessage<DataError>(HasSubstr("judgements do not fit the samples")));
  io::SafetensorsWriter other(file_, {{"scores", io::DType::kF32, {0}}}, {});
  other.write("scores", "");
  other.commit();
  EXPECT_THAT([&] { (void)read_judgements(file_, 3, 2); }, ThrowsMessage<DataError>(HasSubstr("'tau' is missing")));
  folder_.write("judged.safetensors", "{}");
  EXPECT_THAT([&] { (void)read_judgements(file_, 3, 2); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("judged.safetensors: shorter than the 8 bytes"),
                                             EndsWith("remove the file, and it is made again"))));
  io::SafetensorsWriter foreign(file_, {{"scores", io::DType::kU64, {0}}}, {});
  foreign.write("scores", "");
  foreign.commit();
  EXPECT_THAT([&] { (void)read_judgements(file_, 3, 2); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("judged.safetensors: scores: no run writes type U64"),
                                             EndsWith("remove the file, and it is made again"))));
}

TEST(Statistics, SeeCyclesAndOrders) {
  const auto judged = [](std::vector<double> scores) {
    const Tensor table = at::tensor(scores).view({3, 3});
    return Judgement{.mean_scores_K = table.sum(1) / 2, .scores_KK = table, .transitive_K = table.mean(1)};
  };
  const Judgement cycle = judged({0, 1, -1, -1, 0, 1, 1, -1, 0}), order = judged({0, 1, 2, -1, 0, 1, -2, -1, 0});
  auto row = judgement_statistics(std::vector<Judgement>{cycle});
  EXPECT_EQ(row["cyclic_triads_share"], 1.0);
  EXPECT_NEAR(row["transitive_share"].get<double>(), 0, 1e-12);
  row = judgement_statistics(std::vector<Judgement>{order, cycle});
  EXPECT_EQ(row["cyclic_triads_share"], 0.5);
  EXPECT_NEAR(row["transitive_share"].get<double>(), 12.0 / 18, 1e-12);

  const Samples samples = {{{.ids = {1}, .text = "a", .finish = "stop"}, {.ids = {2}, .text = "a", .finish = "stop"}},
                           {{.ids = {1}, .text = "a", .finish = "stop"}, {.ids = {2}, .text = "b", .finish = "stop"}}};
  EXPECT_EQ(uniform_prompts(samples), 1);
}

}  // namespace
}  // namespace rondo::align
