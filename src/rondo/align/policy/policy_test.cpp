// SPDX-License-Identifier: Apache-2.0
// The objective of a policy in the training loop against the slow obvious way: every response alone.
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "rondo/align/policy/policy_objective.h"
#include "rondo/base/error.h"
#include "rondo/data/token_source.h"
#include "rondo/io/test_folder.h"
#include "rondo/model/initial.h"
#include "tests/support/tensors.h"

namespace rondo::align {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::random_tensor;
using ::testing::ThrowsMessage;

std::unique_ptr<model::Model> tiny_policy(uint64_t seed) {
  const auto& family = backbones::family_by_name("llama");
  const nlohmann::json config = {{"architectures", {"LlamaForCausalLM"}},
                                 {"vocab_size", 16},
                                 {"hidden_size", 8},
                                 {"num_hidden_layers", 1},
                                 {"num_attention_heads", 2},
                                 {"intermediate_size", 16},
                                 {"tie_word_embeddings", true}};
  backbones::ConfigReader reader(config, "test");
  nn::ParameterSet parameters;
  const nn::ParameterSet initial = model::initial_backbone(family, family.sizes(reader), 0.4, seed);
  for (const nn::Parameter& p : initial.all())
    parameters.add(p.name, p.value.to(at::kDouble).clone().requires_grad_(true));
  return std::make_unique<model::Model>(family, config, heads::HeadConfig{.kind = model::kNoHead},
                                        std::move(parameters));
}

std::vector<TokenGroup> two_groups() {
  const std::vector<int32_t> first = {1, 2}, second = {3};
  const std::vector<std::vector<int32_t>> of_first = {{4, 5}, {4, 6, 7}, {8}, {9, 9, 9, 2}};
  const std::vector<std::vector<int32_t>> of_second = {{10, 2}, {11, 12, 2}, {13, 2}};
  std::vector<TokenGroup> groups = {policy_group(first, of_first), policy_group(second, of_second)};
  groups[0].comparisons = {{.i = 0, .j = 1, .p = 0}, {.i = 0, .j = 2, .p = 0.5}, {.i = 2, .j = 3, .p = 0.8F}};
  groups[1].comparisons = {{.i = 1, .j = 2, .p = 1}};
  return groups;
}

Judgement random_judgement(int64_t count, uint64_t seed) {
  PreferenceTable table;
  table.embeddings_ME = random_tensor({count, 4}, seed);
  table.rewards_M = random_tensor({count}, seed + 1);
  return judgement_of(table, 0.7);
}

// log pi of each token of one response, from the logits of that sequence alone.
Tensor token_log_probs_alone(const model::Model& policy, const TokenResponse& response) {
  TokenGroup alone;
  alone.responses = {response};
  const GroupSelection selection = select_all(alone);
  const PackedBatch batch = pack({&selection, 1}, {});
  const Tensor log_prob_NV = at::log_softmax(policy.backbone().logits(policy.hidden(batch)), 1);
  std::vector<Tensor> tokens;
  for (size_t n = static_cast<size_t>(response.response_begin); n < response.ids.size(); ++n)
    tokens.push_back(log_prob_NV[static_cast<int64_t>(n) - 1][response.ids[n]]);
  return at::stack(tokens);
}

Tensor sums_alone(const model::Model& policy, const TokenGroup& group) {
  std::vector<Tensor> sums;
  for (const TokenResponse& r : group.responses) sums.push_back(token_log_probs_alone(policy, r).sum());
  return at::stack(sums);
}

Tensor tokens_alone(const model::Model& policy, const TokenGroup& group) {
  std::vector<Tensor> tokens;
  for (const TokenResponse& r : group.responses) tokens.push_back(token_log_probs_alone(policy, r));
  return at::cat(tokens);
}

class PolicyTest : public ::testing::Test {
 protected:
  PolicyTest()
      : policy_(tiny_policy(3)),
        base_(tiny_policy(4)),
        sampler_(tiny_policy(5)),
        groups_(two_groups()),
        source_(groups_),
        reference_(*base_, source_, 1000, silent_progress()),
        last_(*sampler_, source_, 1, silent_progress()),
        judged_{random_judgement(4, 7), random_judgement(3, 8)} {
    for (int64_t g = 0; g < 2; ++g) {
      selections_.push_back(select_all(groups_[static_cast<size_t>(g)]));
      selections_.back().index = g;
    }
  }

  PolicyEvidence evidence(bool with_judge = true) const {
    PolicyEvidence e{.judged = {}, .reference = &reference_, .last = &last_, .magnet = &last_};
    if (with_judge) e.judged = judged_;
    return e;
  }

  // The group as the slow way sees it.
  PolicyGroup slow_group(size_t g) const {
    PolicyGroup group;
    group.log_prob_K = sums_alone(*policy_, groups_[g]);
    group.reference_K = sums_alone(*base_, groups_[g]).detach();
    group.last_K = sums_alone(*sampler_, groups_[g]).detach();
    group.magnet_K = group.last_K;
    std::vector<double> lengths;
    std::vector<int64_t> owners;
    for (const TokenResponse& r : groups_[g].responses) {
      const auto length = static_cast<int64_t>(r.ids.size()) - r.response_begin;
      owners.insert(owners.end(), static_cast<size_t>(length), static_cast<int64_t>(lengths.size()));
      lengths.push_back(static_cast<double>(length));
    }
    group.length_K = at::tensor(lengths, at::kDouble);
    group.tokens = {.policy_T = tokens_alone(*policy_, groups_[g]),
                    .old_T = tokens_alone(*sampler_, groups_[g]).detach(),
                    .reference_T = tokens_alone(*base_, groups_[g]).detach(),
                    .response_of_T = at::tensor(owners, at::kLong)};
    group.judged = judged_[g];
    choose_pair(group);
    return group;
  }

  Tensor gradient_and_clear() const {
    std::vector<Tensor> parts;
    for (const nn::Parameter& p : policy_->parameters().all()) {
      parts.push_back(p.value.grad().clone().view({-1}));
      p.value.mutable_grad().reset();
    }
    return at::cat(parts);
  }

  std::unique_ptr<model::Model> policy_, base_, sampler_;
  std::vector<TokenGroup> groups_;
  data::MemorySource source_;
  StoredLogProbs reference_, last_;
  std::vector<Judgement> judged_;
  std::vector<GroupSelection> selections_;
};

TEST_F(PolicyTest, StoredNumbersAreThoseOfEveryResponseAlone) {
  const at::NoGradGuard no_grad;
  for (size_t g = 0; g < 2; ++g) {
    const std::span<const int64_t> all(selections_[g].responses);
    const auto group = static_cast<int64_t>(g);
    EXPECT_LT(testing::distance(reference_.tokens_T(group, all), tokens_alone(*base_, groups_[g])), 1e-12);
    EXPECT_LT(testing::distance(reference_.sums_K(group, all), sums_alone(*base_, groups_[g])), 1e-12);
  }
  const std::vector<int64_t> chosen = {3, 1};
  EXPECT_LT(testing::distance(reference_.tokens_T(0, chosen),
                              at::cat({token_log_probs_alone(*base_, groups_[0].responses[3]),
                                       token_log_probs_alone(*base_, groups_[0].responses[1])})),
            1e-12);
  EXPECT_EQ(reference_.length(0, 3), 4);
}

TEST_F(PolicyTest, StoredNumbersSurviveTheFileAndRefuseOtherGroups) {
  const io::TestFolder folder;
  reference_.save(folder / "a.safetensors");
  const StoredLogProbs read(folder / "a.safetensors", source_);
  const std::vector<int64_t> all = {0, 1, 2};
  EXPECT_EQ(testing::distance(read.tokens_T(1, all), reference_.tokens_T(1, all)), 0);
  data::MemorySource other({groups_[0]});
  EXPECT_THAT([&] { StoredLogProbs(folder / "a.safetensors", other); },
              ThrowsMessage<DataError>(HasSubstr("do not fit the responses")));
  std::filesystem::resize_file(folder / "a.safetensors", 100);
  EXPECT_THAT([&] { StoredLogProbs(folder / "a.safetensors", source_); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("a.safetensors: header length"),
                                             EndsWith("remove the file, and they are computed again"))));
}

// Loss and gradient of every objective over a step of two groups, in one micro-batch and in two.
TEST_F(PolicyTest, EveryObjectiveEqualsTheSlowWay) {
  for (const ObjectiveEntry* entry : all_objectives()) {
    SCOPED_TRACE(entry->name);
    const ObjectiveConfig config{.objective = std::string(entry->name), .magnet_weight = 0.3};
    PolicyGroup first = slow_group(0), second = slow_group(1);
    const Tensor expected = (entry->loss(first, config) + entry->loss(second, config)) / 2;
    expected.backward();
    const Tensor slow_gradient = gradient_and_clear();

    const PolicyObjective objective(*policy_, config, evidence(), {.max_drift = 1e6});
    const train::StepCounts counts = objective.counts(selections_);
    EXPECT_EQ(counts.weight, 2);
    const train::ObjectiveReport report = objective.backward(selections_, counts);
    EXPECT_NEAR(report.loss_sum / report.weight, expected.item<double>(), 1e-9);
    EXPECT_LT(testing::distance(gradient_and_clear(), slow_gradient), 1e-8);

    objective.backward({selections_.data() + 1, 1}, counts);
    objective.backward({selections_.data(), 1}, counts);
    EXPECT_LT(testing::distance(gradient_and_clear(), slow_gradient), 1e-8);
  }
}

TEST_F(PolicyTest, APartOfAGroupKeepsItsOwnNumbers) {
  GroupSelection part = select(groups_[0], {2, 0});
  part.index = 0;
  const PolicyObjective objective(*policy_, {.objective = "gpo", .log_z = "zero"}, evidence(), {.max_drift = 1e6});
  const PolicyGroup group = objective.group_at_reference(part);
  const PolicyGroup whole = slow_group(0);
  for (const auto& [place, response] : {std::pair(0, 2), std::pair(1, 0)}) {
    EXPECT_NEAR(group.reference_K[place].item<double>(), whole.reference_K[response].item<double>(), 1e-9);
    EXPECT_EQ(group.judged.mean_scores_K[place].item<double>(), judged_[0].mean_scores_K[response].item<double>());
    EXPECT_EQ(group.length_K[place].item<double>(), whole.length_K[response].item<double>());
  }
  EXPECT_EQ(group.judged.scores_KK[0][1].item<double>(), judged_[0].scores_KK[2][0].item<double>());
}

// Every label counts: p l(z - m) + (1 - p) l(m - z), weighted, and a group as much as its labels weigh on average.
TEST_F(PolicyTest, LabelsStandInForTheJudge) {
  for (const ObjectiveEntry* entry : all_objectives()) {
    if (entry->learns_from != LearnsFrom::kPair) continue;
    SCOPED_TRACE(entry->name);
    const ObjectiveConfig config{.objective = std::string(entry->name), .beta = 0.5};
    selections_[0].comparisons[0].weight = 3;
    selections_[1].comparisons[0].weight = 0.5;
    if (entry->takes_margin) {
      selections_[0].comparisons[2].margin = 0.7F;
      selections_[0].comparisons[0].margin = -0.4F;
    }
    double correct = 0, drift = 0, distance = 0, weight = 0;
    Tensor expected = at::zeros({}, at::kDouble);
    for (size_t g = 0; g < 2; ++g) {
      PolicyGroup group = slow_group(g);
      const auto loss_of = [&](int64_t winner, int64_t loser, double margin) {
        group.best = winner;
        group.worst = loser;
        group.margin_P = at::tensor(margin, at::kDouble);
        return entry->loss(group, config);
      };
      const std::vector<Comparison>& labels = selections_[g].comparisons;
      double group_weight = 0;
      for (const Comparison& c : labels) {
        const Tensor loss = c.p * loss_of(c.i, c.j, c.margin) + (1 - c.p) * loss_of(c.j, c.i, -c.margin);
        expected = expected + c.weight * loss / static_cast<double>(labels.size());
        group_weight += c.weight / static_cast<double>(labels.size());
        const double lead = (group.log_ratio_K()[c.i] - group.log_ratio_K()[c.j]).item<double>();
        correct += c.p != 0.5F && (lead > 0) == (c.p > 0.5F) ? 1 : 0;
      }
      weight += group_weight;
      const Tensor drift_K = group.log_ratio_K().detach() / group.length_K;
      drift += group_weight * drift_K.mean().item<double>();
      distance += group_weight * drift_K.abs().mean().item<double>();
    }
    expected = expected / weight;
    expected.backward();
    const Tensor slow_gradient = gradient_and_clear();
    const PolicyObjective objective(*policy_, config, evidence(/*with_judge=*/false), {.max_drift = 1e6});
    const train::StepCounts counts = objective.counts(selections_);
    EXPECT_NEAR(counts.weight, weight, 1e-9);
    const train::ObjectiveReport report = objective.backward(selections_, counts);
    EXPECT_NEAR(report.loss_sum / report.weight, expected.item<double>(), 1e-7);
    EXPECT_LT(testing::distance(gradient_and_clear(), slow_gradient), 1e-6);
    EXPECT_EQ(report.decided, 3);
    EXPECT_EQ(report.correct, correct);
    EXPECT_NEAR(report.further.at("log_ratio_per_token"), drift, 1e-9);
    EXPECT_NEAR(report.further.at("drift_per_token"), distance, 1e-9);

    objective.backward({selections_.data() + 1, 1}, counts);
    objective.backward({selections_.data(), 1}, counts);
    EXPECT_LT(testing::distance(gradient_and_clear(), slow_gradient), 1e-6);
  }
}

TEST_F(PolicyTest, AGroupWithoutLabelledPairsTeachesNothing) {
  const PolicyObjective objective(*policy_, {.objective = "dpo"}, evidence(/*with_judge=*/false), {.max_drift = 1e6});
  const train::StepCounts one{.weight = 1};
  const double alone = objective.backward({selections_.data() + 1, 1}, one).loss_sum;
  const Tensor gradient = gradient_and_clear();
  selections_[0].comparisons.clear();
  EXPECT_EQ(objective.counts(selections_).weight, 1);
  const train::ObjectiveReport report = objective.backward(selections_, one);
  EXPECT_EQ(report.weight, 1);
  EXPECT_NEAR(report.loss_sum, alone, 1e-9);
  EXPECT_LT(testing::distance(gradient_and_clear(), gradient), 1e-8);
  selections_[1].comparisons.clear();
  EXPECT_EQ(objective.backward(selections_, one).weight, 0);
}

TEST_F(PolicyTest, FineTuningLearnsFromWinnersAlone) {
  // Response 1 beats 0 and 2 beats 3 in the first group, 1 beats 2 in the second; unlabelled, all of them count.
  const auto loss_of = [&](size_t g, const std::vector<size_t>& chosen) {
    Tensor sum = at::zeros({}, at::kDouble);
    int64_t tokens = 0;
    for (const size_t r : chosen) {
      const Tensor log_probs = token_log_probs_alone(*policy_, groups_[g].responses[r]);
      sum = sum - log_probs.sum();
      tokens += log_probs.numel();
    }
    return (sum / tokens).item<double>();
  };
  const PolicyObjective objective(*policy_, {.objective = "sft"}, evidence(false), {.max_drift = 1e6});
  train::ObjectiveReport report = objective.backward(selections_, objective.counts(selections_));
  EXPECT_NEAR(report.loss_sum / report.weight, (loss_of(0, {1, 2}) + loss_of(1, {1})) / 2, 1e-9);
  for (GroupSelection& selection : selections_) selection.comparisons.clear();
  report = objective.backward(selections_, objective.counts(selections_));
  EXPECT_NEAR(report.loss_sum / report.weight, (loss_of(0, {0, 1, 2, 3}) + loss_of(1, {0, 1, 2})) / 2, 1e-9);
}

TEST_F(PolicyTest, ScoresNeedAJudgeAndARunawayStops) {
  EXPECT_THAT([&] { PolicyObjective(*policy_, {.objective = "gpo"}, evidence(false), {}); },
              ThrowsMessage<ConfigError>(HasSubstr("needs the scores of a judge")));
  const PolicyObjective objective(*policy_, {.objective = "gpo"}, evidence(), {.max_drift = 1e-3});
  EXPECT_THAT([&] { objective.backward(selections_, objective.counts(selections_)); },
              ThrowsMessage<DataError>(HasSubstr("ran away from its reference")));
}

}  // namespace
}  // namespace rondo::align
