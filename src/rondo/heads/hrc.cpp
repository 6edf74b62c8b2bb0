// SPDX-License-Identifier: Apache-2.0
// Hybrid reward-cyclic head: a clipped reward plus the skew term, s(i, j) = clip(r_i) - clip(r_j) + skew(i, j).
// The same form as mElo (arXiv:1806.02643). arXiv:2605.17342.
#include <ATen/ops/clamp.h>

#include "rondo/heads/shared/embedding.h"

namespace rondo::heads {
namespace {

std::vector<nn::ExpectedWeight> weights(const HeadConfig& config, int64_t hidden) {
  std::vector<nn::ExpectedWeight> all = embedding_weights(config, hidden);
  all.insert(all.begin(), {"score.weight", {1, hidden}});
  return all;
}

HeadOutput forward(const HeadConfig& config, const nn::ParameterSet& parameters, const Tensor& pooled_RD,
                   const Tensor& prompt_GD) {
  return {.rewards_R = at::clamp(rewards(parameters, pooled_RD), -config.reward_clip, config.reward_clip),
          .embeddings_RE = embeddings(config, parameters, pooled_RD),
          .gate_GP = gate(config, parameters, prompt_GD)};
}

}  // namespace

constinit const HeadEntry hrc_entry{
    .name = "hrc",
    .cite = "arXiv:2605.17342",
    .embeds = true,
    .clips_rewards = true,
    .title = "HRC",
    .meaning = "reward + cycles",
    .colour = "#009E73",
    .weights = &weights,
    .forward = &forward,
};

}  // namespace rondo::heads
