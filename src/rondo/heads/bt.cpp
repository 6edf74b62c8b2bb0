// SPDX-License-Identifier: Apache-2.0
// Bradley-Terry: one number per response, s(i, j) = r_i - r_j. Cannot express a cycle. Bradley & Terry 1952.
#include <ATen/TensorOperators.h>

#include "rondo/heads/shared/embedding.h"

namespace rondo::heads {
namespace {

std::vector<nn::ExpectedWeight> weights(const HeadConfig& config, int64_t hidden) {
  std::vector<nn::ExpectedWeight> all = {{"score.weight", {1, hidden}}};
  if (config.bias) all.push_back({"score.bias", {1}});
  return all;
}

HeadOutput forward(const HeadConfig& config, const nn::ParameterSet& parameters, const Tensor& pooled_RD,
                   const Tensor&) {
  const Tensor rewards_R = rewards(parameters, pooled_RD);
  if (!config.bias) return {.rewards_R = rewards_R};
  return {.rewards_R = rewards_R + parameters.get("score.bias").to(rewards_R.scalar_type())};
}

}  // namespace

constinit const HeadEntry bt_entry{
    .name = "bt",
    .cite = "Bradley & Terry 1952",
    .is_control = true,
    .title = "BT",
    .meaning = "Bradley-Terry",
    .colour = "#D55E00",
    .trainer_classes = {"RewardModel", "LLMForSequenceRegression"},  // OpenRLHF, now and early
    .weights = &weights,
    .forward = &forward,
};

}  // namespace rondo::heads
