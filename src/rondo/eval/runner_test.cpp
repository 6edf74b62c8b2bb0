// SPDX-License-Identifier: Apache-2.0
#include "rondo/eval/runner.h"

#include <ATen/ops/equal.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "rondo/io/test_folder.h"
#include "rondo/model/initial.h"
#include "rondo/text/tokenizer/word_tokenizer.h"
#include "tests/support/tensors.h"

namespace rondo::eval {
namespace {

constexpr int64_t kGroups = 20, kResponses = 6;

// Groups whose prompt is most of their tokens: BOS and 30 words, then two words and EOS a response.
data::TokenStore store(const text::TextEncoder& encoder) {
  const io::TestFolder folder;
  std::string rows;
  for (int64_t g = 0; g < kGroups; ++g) {
    std::string prompt, responses;
    for (int64_t w = 0; w < 30; ++w) prompt += (g >> (w % 5)) % 2 == 0 ? "a " : "b ";
    for (int64_t r = 0; r < kResponses; ++r)
      responses += fmt::format("{}\"{} {}\"", r > 0 ? "," : "", "abc"[r % 3], "ab"[r / 3]);
    rows += fmt::format("{{\"id\":{},\"prompt\":\"{}\",\"responses\":[{}]}}\n", g, prompt, responses);
  }
  data::GroupStore groups = data::read_groups({.files = {folder.write("rows.jsonl", rows)}, .allow_unlabelled = true});
  return {std::move(groups), encoder, {.max_length = 64}, silent_progress()};
}

model::Model tiny_model() {
  const auto& family = backbones::family_by_name("llama");
  const nlohmann::json config = {{"architectures", {"LlamaForCausalLM"}},
                                 {"vocab_size", 16},
                                 {"hidden_size", 8},
                                 {"num_hidden_layers", 1},
                                 {"num_attention_heads", 2},
                                 {"intermediate_size", 8}};
  backbones::ConfigReader reader(config, "test");
  const nn::Sizes sizes = family.sizes(reader);
  nn::ParameterSet parameters;
  const heads::HeadConfig head{.kind = "bt", .norm = "none", .tau = 1};
  for (const nn::ParameterSet& part :
       {model::initial_backbone(family, sizes, 0.3, 3), model::initial_head(head, sizes.hidden, 3)}) {
    for (const nn::Parameter& p : part.all()) parameters.add(p.name, p.value);
  }
  return {family, config, head, std::move(parameters)};
}

// One call of `progress` a forward pass: as many groups as fit by the tokens that the pass computes.
TEST(ForEachTable, FillsForwardPassesByWhatTheyCompute) {
  const text::TextEncoder encoder(text::Tokenizer::from_json(text::build_word_tokenizer({"a", "b", "c"}), "test"),
                                  std::nullopt, {});
  data::TokenStore tokens = store(encoder);
  const model::Model model = tiny_model();
  const int64_t cost = token_cost(model, *tokens.get(0));
  EXPECT_EQ(cost, 31 + kResponses * 3);
  const auto passes = [&](int64_t budget, std::vector<Tensor>& scores) {
    std::vector<int64_t> ends;
    const model::ScoringCost total = for_each_table(
        model, tokens, {.token_budget = budget},
        [&](int64_t done, int64_t, const std::string&) { ends.push_back(done); },
        [&](int64_t, const TokenGroup&, const PreferenceTable& table) { scores.push_back(table.scores_MM()); });
    EXPECT_EQ(total.tokens, kGroups * cost);
    return ends;
  };
  std::vector<Tensor> one, four;
  EXPECT_EQ(passes(4 * cost, four), (std::vector<int64_t>{4, 8, 12, 16, 20}));
  EXPECT_EQ(passes(2 * cost - 1, one).size(), static_cast<size_t>(kGroups));
  ASSERT_EQ(one.size(), four.size());
  for (size_t g = 0; g < one.size(); ++g) EXPECT_LT(testing::distance(one[g], four[g]), 1e-5);
}

}  // namespace
}  // namespace rondo::eval
