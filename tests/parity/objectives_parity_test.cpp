// SPDX-License-Identifier: Apache-2.0
// Objectives against TRL's own trainers: losses and gradients with respect to recorded logits, 1e-6 and better.
// tools/record_objectives.py makes the file; docs/decisions/0007-trl-objectives.md explains what differs by default.
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>

#include "rondo/align/objectives/shared/objective.h"
#include "tests/support/shared_data.h"
#include "tests/support/tensors.h"

namespace rondo::align {
namespace {

using nlohmann::json;
using testing::distance;
using testing::from_json;

constexpr double kTolerance = 1e-6;

const json& recorded() {
  static const json data = json::parse(std::ifstream(testing::fixture_folder() / "objectives" / "trl.json"));
  return data;
}

// log pi of the response tokens: position t of the logits predicts token t + 1.
Tensor token_log_probs_T(const Tensor& logits_TV, const json& ids) {
  const auto begin = recorded()["prompt_length"].get<int64_t>(), end = static_cast<int64_t>(ids.size());
  const Tensor targets_T =
      at::tensor(ids.get<std::vector<int64_t>>(), at::TensorOptions().dtype(at::kLong)).slice(0, begin, end);
  return at::log_softmax(logits_TV.slice(0, begin - 1, end - 1), 1).gather(1, targets_T.unsqueeze(1)).squeeze(1);
}

struct RecordedPair {
  std::vector<Tensor> logits;  // of the chosen and of the rejected response, with gradient
  PolicyGroup group;
};

// The chosen response stands second where `swapped`: an objective follows best and worst, not the order.
RecordedPair read_pair(const json& pair, bool swapped) {
  RecordedPair result;
  std::vector<Tensor> policy, reference, length;
  for (const json& side : pair) {
    result.logits.push_back(from_json(side["policy"]).requires_grad_(true));
    const Tensor policy_T = token_log_probs_T(result.logits.back(), side["ids"]);
    policy.push_back(policy_T.sum());
    reference.push_back(token_log_probs_T(from_json(side["reference"]), side["ids"]).sum());
    length.push_back(at::ones_like(policy_T).sum());
  }
  for (std::vector<Tensor>* values : {&policy, &reference, &length}) {
    if (swapped) std::swap(values->front(), values->back());
  }
  result.group.log_prob_K = at::stack(policy);
  result.group.reference_K = at::stack(reference);
  result.group.length_K = at::stack(length);
  result.group.best = swapped ? 1 : 0;
  result.group.worst = 1 - result.group.best;
  return result;
}

class TrlObjectives : public ::testing::TestWithParam<size_t> {};

TEST_P(TrlObjectives, LossAndGradientAreEqual) {
  const json& c = recorded()["cases"][GetParam()];
  const ObjectiveEntry& objective = objective_by_name(c["objective"].get<std::string>());
  ObjectiveConfig config;
  const json& options = c["options"];
  config.beta = options["beta"];
  config.smoothing = options.value("smoothing", config.smoothing);
  config.gamma = options.value("gamma", config.gamma);
  config.average = options.value("average", config.average);
  for (const bool swapped : {false, true}) {
    const RecordedPair pair = read_pair(recorded()["pairs"][c["pair"].get<size_t>()], swapped);
    const Tensor loss = objective.loss(pair.group, config);
    loss.backward();
    const double scale = std::max(1.0, std::abs(c["loss"].get<double>()));
    EXPECT_NEAR(loss.item<double>(), c["loss"].get<double>(), kTolerance * scale);
    for (size_t side = 0; side < 2; ++side) {
      const Tensor expected = from_json(c["gradient"][side]);
      EXPECT_LT(distance(pair.logits[side].grad(), expected), kTolerance * scale);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded, TrlObjectives, ::testing::Range(size_t{0}, recorded()["cases"].size()),
                         [](const auto& row) {
                           const json& c = recorded()["cases"][row.param];
                           return c["objective"].get<std::string>() + "_" + std::to_string(row.param);
                         });

// A recording in which nothing happens would pass whatever the objectives do.
TEST(TrlRecording, EveryObjectiveHasAGradientSomewhere) {
  std::map<std::string, double> largest;
  for (const json& c : recorded()["cases"]) {
    for (const json& side : c["gradient"]) {
      double& most = largest[c["objective"]];
      most = std::max(most, from_json(side).abs().max().item<double>());
    }
  }
  EXPECT_EQ(largest.size(), 7u);
  for (const auto& [objective, most] : largest) EXPECT_GT(most, 1e-3) << objective;
}

}  // namespace
}  // namespace rondo::align
