// SPDX-License-Identifier: Apache-2.0
#include "rondo/generate/generator.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/model/initial.h"
#include "tests/support/tensors.h"

namespace rondo::generate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::random_tensor;
using ::testing::ThrowsMessage;

Tensor row_of(const std::vector<double>& logits) {
  return at::tensor(logits, at::TensorOptions().dtype(at::kDouble)).unsqueeze(0);
}

std::vector<int64_t> kept(const Tensor& x_RV) {
  std::vector<int64_t> tokens;
  for (int64_t v = 0; v < x_RV.size(1); ++v) {
    if (std::isfinite(x_RV[0][v].item<double>())) tokens.push_back(v);
  }
  return tokens;
}

TEST(TransformLogits, KeepsWhatTheRulesKeep) {
  const Tensor logits = row_of({std::log(0.5), std::log(0.3), std::log(0.15), std::log(0.05)});
  EXPECT_THAT(kept(transform_logits(logits, {}, {})), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(kept(transform_logits(logits, {}, {.top_k = 2})), ElementsAre(0, 1));
  EXPECT_THAT(kept(transform_logits(logits, {}, {.top_k = 9})), ElementsAre(0, 1, 2, 3));
  // .5 alone does not reach .6, .5 + .3 does; the first token stays whatever p is.
  EXPECT_THAT(kept(transform_logits(logits, {}, {.top_p = 0.6})), ElementsAre(0, 1));
  EXPECT_THAT(kept(transform_logits(logits, {}, {.top_p = 0.01})), ElementsAre(0));
  EXPECT_THAT(kept(transform_logits(logits, {}, {.min_p = 0.25})), ElementsAre(0, 1, 2));
  // Temperature comes first: at 1/2 the probabilities are squared, and the third has (.15/.5)^2 of the first.
  EXPECT_THAT(kept(transform_logits(logits, {}, {.temperature = 0.5, .min_p = 0.25})), ElementsAre(0, 1));
}

TEST(TransformLogits, PenalisesWhatWasThere) {
  const Tensor seen = at::tensor(std::vector<int64_t>{1, 1, 0}, at::kLong).to(at::kBool).unsqueeze(0);
  const Tensor x = transform_logits(row_of({2, -2, 1}), seen, {.repetition_penalty = 2});
  EXPECT_LT(testing::distance(x, row_of({1, -4, 1})), 1e-12);
}

// 200,000 draws against their probabilities: chi-square with 3 and 1 degrees of freedom below the 0.999 quantile.
TEST(SampleTokens, FollowTheDistribution) {
  const std::vector<double> p = {0.5, 0.3, 0.15, 0.05};
  const Tensor logits = row_of({std::log(p[0]), std::log(p[1]), std::log(p[2]), std::log(p[3])});
  const auto chi_square = [&](const SamplingOptions& options, const std::vector<double>& expected) {
    constexpr int64_t kRows = 1000, kRounds = 200;
    std::vector<Random> streams;
    for (uint64_t r = 0; r < kRows; ++r) streams.push_back(Random(5).split(r));
    const Tensor rows = transform_logits(logits, {}, options).expand({kRows, 4});
    std::vector<double> counts(4, 0);
    for (int64_t round = 0; round < kRounds; ++round) {
      for (const int32_t token : sample_tokens(rows, streams, options)) ++counts[static_cast<size_t>(token)];
    }
    double sum = 0;
    for (size_t v = 0; v < 4; ++v) {
      const double wanted = expected[v] * kRows * kRounds;
      if (wanted == 0) {
        EXPECT_EQ(counts[v], 0) << v;
      } else {
        sum += (counts[v] - wanted) * (counts[v] - wanted) / wanted;
      }
    }
    return sum;
  };
  EXPECT_LT(chi_square({}, p), 16.27);
  EXPECT_LT(chi_square({.top_k = 2}, {0.625, 0.375, 0, 0}), 10.83);
  EXPECT_GT(chi_square({.temperature = 2}, p), 1000);  // the statistic sees another distribution
}

nlohmann::json word_tokenizer() {
  nlohmann::json vocab;
  const char* const words[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
  for (int id = 0; id < 8; ++id) vocab[words[id]] = id;
  return {{"version", "1.0"},
          {"added_tokens", nlohmann::json::array()},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "Whitespace"}}},
          {"post_processor", nullptr},
          {"decoder", nullptr},
          {"model", {{"type", "WordLevel"}, {"vocab", vocab}, {"unk_token", "a"}}}};
}

class Policy : public ::testing::Test {
 protected:
  Policy() : tokenizer_(text::Tokenizer::from_json(word_tokenizer().dump(), "words")) {
    const backbones::FamilyEntry& family = backbones::family_by_name("llama");
    const nlohmann::json config = {{"architectures", {"LlamaForCausalLM"}},
                                   {"vocab_size", 8},
                                   {"hidden_size", 16},
                                   {"num_hidden_layers", 2},
                                   {"num_attention_heads", 4},
                                   {"num_key_value_heads", 2},
                                   {"intermediate_size", 24},
                                   {"max_position_embeddings", 64},
                                   {"tie_word_embeddings", true}};
    backbones::ConfigReader reader(config, "test");
    model_ = std::make_unique<model::Model>(family, config, heads::HeadConfig{.kind = model::kNoHead},
                                            model::initial_backbone(family, family.sizes(reader), 0.4, 3));
  }
  std::vector<std::vector<GeneratedResponse>> run(const std::vector<TokenPrompt>& prompts,
                                                  const GenerateOptions& options) {
    std::vector<std::vector<GeneratedResponse>> all;
    cost_ = generate(*model_, tokenizer_, prompts, options,
                     [&](size_t, std::vector<GeneratedResponse> responses) { all.push_back(std::move(responses)); });
    return all;
  }
  text::Tokenizer tokenizer_;
  std::unique_ptr<model::Model> model_;
  GenerateCost cost_;
};

const std::vector<TokenPrompt> kPrompts = {{{1, 2, 3}, 0}, {{4}, 1}, {{5, 6, 7, 1, 2, 3, 4}, 2}};

TEST_F(Policy, AResponseDoesNotDependOnItsBatch) {
  GenerateOptions options{.responses = 6, .max_new_tokens = 12, .stop_ids = {2}, .seed = 9};
  const auto together = run(kPrompts, options);
  EXPECT_EQ(cost_.prompt_tokens, 11);
  options.token_budget = 1;
  const auto one_by_one = run(kPrompts, options);
  const auto alone = run({kPrompts[2]}, options);
  options.seed = 10;
  const auto other_seed = run(kPrompts, options);
  bool some_differ = false;
  for (size_t p = 0; p < kPrompts.size(); ++p) {
    for (size_t k = 0; k < 6; ++k) {
      EXPECT_EQ(together[p][k].ids, one_by_one[p][k].ids) << p << " " << k;
      if (p == 2) {
        EXPECT_EQ(alone[0][k].ids, together[2][k].ids);
      }
      some_differ = some_differ || other_seed[p][k].ids != together[p][k].ids;
    }
  }
  EXPECT_TRUE(some_differ);
  // Fewer responses are the first of more.
  options.seed = 9;
  options.responses = 2;
  EXPECT_EQ(run(kPrompts, options)[1][1].ids, together[1][1].ids);
}

TEST_F(Policy, EndsWithAStopTokenAStopTextOrTheLimit) {
  GenerateOptions options{.responses = 40, .max_new_tokens = 12, .stop_ids = {2}, .seed = 4};
  int64_t tokens = 0;
  bool by_token = false, by_length = false;
  const auto by_id = run({kPrompts[0]}, options);
  for (const GeneratedResponse& r : by_id[0]) {
    tokens += static_cast<int64_t>(r.ids.size());
    const bool stopped = r.ids.back() == 2;
    EXPECT_EQ(r.finish, stopped ? "stop" : "length");
    EXPECT_EQ(r.text.find('c'), std::string::npos);  // the stop token is not part of the text
    EXPECT_EQ(std::count(r.ids.begin(), r.ids.end(), 2), stopped ? 1 : 0);
    if (!stopped) {
      EXPECT_EQ(r.ids.size(), 12u);
    }
    by_token = by_token || stopped;
    by_length = by_length || !stopped;
  }
  EXPECT_TRUE(by_token && by_length);
  EXPECT_EQ(cost_.new_tokens, tokens);
  options.stop_ids = {};
  options.stop = {"b d", "f"};
  const auto by_text = run({kPrompts[0]}, options);
  for (const GeneratedResponse& r : by_text[0]) {
    EXPECT_EQ(r.text.find("b d"), std::string::npos);
    EXPECT_EQ(r.text.find('f'), std::string::npos);
    const std::string whole = tokenizer_.decode(r.ids, true);
    const bool holds_stop = whole.find("b d") != std::string::npos || whole.find('f') != std::string::npos;
    EXPECT_EQ(r.finish, holds_stop ? "stop" : "length") << whole;
  }
}

TEST_F(Policy, ARepetitionPenaltyIsTheSameInAnyBatch) {
  GenerateOptions options{
      .sampling = {.repetition_penalty = 1.5}, .responses = 3, .max_new_tokens = 8, .stop_ids = {2}};
  const auto together = run(kPrompts, options);
  options.token_budget = 1;
  const auto one_by_one = run(kPrompts, options);
  options.sampling.repetition_penalty = 1;
  const auto without = run(kPrompts, options);
  bool some_differ = false;
  for (size_t p = 0; p < kPrompts.size(); ++p) {
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(together[p][k].ids, one_by_one[p][k].ids);
      some_differ = some_differ || without[p][k].ids != together[p][k].ids;
    }
  }
  EXPECT_TRUE(some_differ);
}

TEST_F(Policy, RefusesPromptsWithoutRoomOrTokens) {
  const GenerateOptions options{.responses = 1, .max_new_tokens = 60};
  EXPECT_THAT([&] { run({{{}, 0}}, options); }, ThrowsMessage<DataError>(HasSubstr("prompt 1; a policy needs")));
  EXPECT_THAT(
      [&] {
        run({{{1}, 0}, {{1, 2, 3, 4, 5}, 1}}, options);
      },
      ThrowsMessage<DataError>(HasSubstr("prompt 2: 5 tokens and 60 new ones, the policy takes 64")));
}

}  // namespace
}  // namespace rondo::generate
