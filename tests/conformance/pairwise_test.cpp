// SPDX-License-Identifier: Apache-2.0
// Pairwise models through packing, scoring and training: the table is what every sequence says alone, whatever the
// batch; parts of a group add up to the whole; a cycle is learnt exactly.
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "rondo/base/random.h"
#include "rondo/core/pack.h"
#include "rondo/io/test_folder.h"
#include "rondo/model/initial.h"
#include "rondo/model/scoring.h"
#include "rondo/train/loop.h"
#include "tests/support/tensors.h"

namespace rondo {
namespace {

using testing::distance;

constexpr double kSingle = 1e-5;

std::unique_ptr<model::Model> pair_model(at::ScalarType dtype) {
  const heads::HeadConfig head{.kind = "pair", .norm = "none", .tau = 1};
  const auto& family = backbones::family_by_name("llama");
  const nlohmann::json config = {{"architectures", {"LlamaForCausalLM"}},
                                 {"vocab_size", 32},
                                 {"hidden_size", 16},
                                 {"num_hidden_layers", 1},
                                 {"num_attention_heads", 2},
                                 {"intermediate_size", 32},
                                 {"tie_word_embeddings", true}};
  backbones::ConfigReader reader(config, "test");
  const nn::Sizes sizes = family.sizes(reader);
  nn::ParameterSet parameters;
  for (const nn::ParameterSet& set :
       {model::initial_backbone(family, sizes, 0.1, 3), model::initial_head(head, sizes.hidden, 3)}) {
    for (const nn::Parameter& p : set.all()) parameters.add(p.name, p.value.to(dtype).clone().requires_grad_(true));
  }
  return std::make_unique<model::Model>(family, config, head, std::move(parameters));
}

// Every ordered pair of n responses of one to three tokens behind a prompt of two; response i beats i + 1, the last
// beats the first.
TokenGroup pair_group(int32_t n, uint64_t seed) {
  Random random(seed);
  std::vector<std::vector<int32_t>> texts;
  for (int32_t i = 0; i < n; ++i) {
    texts.push_back({3 + i});
    while (random.uniform() < 0.5 && texts.back().size() < 3) texts.back().push_back(20 + i);
  }
  TokenGroup group{.is_pairwise = true};
  group.responses.resize(texts.size());
  for (int32_t i = 0; i < n; ++i) {
    if (n > 1) group.comparisons.push_back({.i = i, .j = (i + 1) % n, .p = 1, .weight = 1.0F + static_cast<float>(i)});
    for (int32_t j = 0; j < n; ++j) {
      if (i == j) continue;
      TokenPair pair{.i = i, .j = j, .sequence = {.ids = {1, 2}}};
      for (const int32_t side : {i, j}) {
        const std::vector<int32_t>& text = texts[static_cast<size_t>(side)];
        pair.sequence.ids.insert(pair.sequence.ids.end(), text.begin(), text.end());
      }
      pair.sequence.pool_end = static_cast<int64_t>(pair.sequence.ids.size());
      pair.sequence.pool_begin = pair.sequence.pool_end - 1;
      group.pairs.push_back(std::move(pair));
    }
  }
  return group;
}

// The definition: each sequence in a batch of its own, then (T - T') / 2.
Tensor table_by_definition(const model::Model& model, const TokenGroup& group) {
  const auto count = static_cast<int64_t>(group.responses.size());
  const Tensor logits_MM = at::zeros({count, count}, at::TensorOptions().dtype(at::kDouble));
  for (const TokenPair& pair : group.pairs) {
    TokenGroup alone;
    alone.responses.push_back(pair.sequence);
    const GroupSelection all = select_all(alone);
    logits_MM[pair.i][pair.j].copy_(model.forward(pack({&all, 1}, {})).pair_logits_Q[0].detach());
  }
  return (logits_MM - logits_MM.t()) / 2;
}

TEST(PairwiseScoring, EqualsTheDefinitionWhateverTheBatch) {
  const auto model = pair_model(at::kFloat);
  const std::vector<TokenGroup> groups = {pair_group(4, 1), pair_group(1, 2), pair_group(2, 3), pair_group(5, 4)};
  std::vector<const TokenGroup*> pointers;
  for (const TokenGroup& group : groups) pointers.push_back(&group);
  for (const model::ScoringOptions& options :
       {model::ScoringOptions{}, {.token_budget = 11}, {.token_budget = 1}, {.deterministic = true}}) {
    model::ScoringCost cost;
    const std::vector<PreferenceTable> tables = model::score_groups(*model, pointers, options, cost);
    EXPECT_EQ(cost.queries, 4 * 3 + 0 + 2 * 1 + 5 * 4);
    EXPECT_EQ(cost.responses, 4 + 1 + 2 + 5);
    for (size_t g = 0; g < groups.size(); ++g) {
      const Tensor scores_MM = tables[g].scores_MM();
      EXPECT_LT(distance(scores_MM.to(at::kDouble), table_by_definition(*model, groups[g])), kSingle);
      EXPECT_TRUE(at::equal(scores_MM, -scores_MM.t()));
    }
  }
}

TEST(PairwiseScoring, OfOneGroupOfOneResponseAsksNothing) {
  const auto model = pair_model(at::kFloat);
  const TokenGroup alone = pair_group(1, 2);
  const TokenGroup* const pointers[] = {&alone};
  model::ScoringCost cost;
  EXPECT_EQ(model::score_groups(*model, pointers, {}, cost).front().scores_MM().abs().max().item<double>(), 0);
  EXPECT_EQ(cost.queries, 0);
}

std::vector<Tensor> gradients(const model::Model& model, const train::Objective& objective,
                              std::span<const GroupSelection> parts, const train::StepCounts& counts) {
  for (const nn::Parameter& p : model.parameters().all()) p.value.mutable_grad().reset();
  for (const GroupSelection& part : parts) objective.backward({&part, 1}, counts);
  std::vector<Tensor> all;
  for (const nn::Parameter& p : model.parameters().all()) all.push_back(p.value.grad().clone());
  return all;
}

TEST(PairwiseTraining, PartsAddUpToTheWhole) {
  const auto model = pair_model(at::kDouble);
  const TokenGroup group = pair_group(6, 5);
  const GroupSelection whole = select_all(group);
  for (const bool equal_groups : {false, true}) {
    const train::Objective objective(*model, {.equal_groups = equal_groups});
    const train::StepCounts counts = objective.counts({&whole, 1});
    const std::vector<Tensor> expected = gradients(*model, objective, {&whole, 1}, counts);
    const std::vector<GroupSelection> parts = split_pairs(whole, 12);
    ASSERT_GT(parts.size(), 2U);
    const std::vector<Tensor> actual = gradients(*model, objective, parts, counts);
    double largest = 0;
    for (size_t k = 0; k < expected.size(); ++k) {
      // float32 weights of comparisons are all that rounds.
      EXPECT_LT(distance(actual[k], expected[k]), 1e-7);
      largest = std::max(largest, expected[k].abs().max().item<double>());
    }
    EXPECT_GT(largest, 1e-3);
  }
}

TEST(PairwiseTraining, APartOfAGroupReadsItsOwnPairs) {
  const TokenGroup group = pair_group(5, 6);
  const GroupSelection part = select(group, {4, 0, 2});
  ASSERT_EQ(part.pairs.size(), 6U);
  for (const SelectedPair& pair : part.pairs) {
    const TokenPair& source = group.pairs[static_cast<size_t>(pair.sequence)];
    EXPECT_EQ(part.responses[static_cast<size_t>(pair.i)], source.i);
    EXPECT_EQ(part.responses[static_cast<size_t>(pair.j)], source.j);
  }
}

TEST(PairwiseTraining, LearnsACycleExactly) {
  for (const int32_t n : {3, 4}) {
    const io::TestFolder folder;
    const auto model = pair_model(at::kFloat);
    const TokenGroup group = pair_group(n, 7);
    data::MemorySource source({group});
    train::LoopConfig config{.steps = 300, .lr = 1e-2, .token_budget = 20};
    config.sampler = {.batch_groups = 1, .group_size = 128, .seed = 1};
    train::LoopHooks hooks;
    hooks.save_model = [](const std::filesystem::path&) {};
    train::run_loop(*model, source, config, folder.path(), hooks);
    const TokenGroup* const pointers[] = {&group};
    model::ScoringCost cost;
    const Tensor scores_MM = model::score_groups(*model, pointers, {}, cost).front().scores_MM();
    for (const Comparison& c : group.comparisons) EXPECT_GT(scores_MM[c.i][c.j].item<double>(), 1) << n;
  }
}

}  // namespace
}  // namespace rondo
