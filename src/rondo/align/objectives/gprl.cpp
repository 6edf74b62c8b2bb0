// SPDX-License-Identifier: Apache-2.0
// General Preference Reinforcement Learning: every plane of a GPM has advantages of its own scale, so that none
// dominates; the gate weighs them.
//
//   r^l_i = mean_j S^l_ij,   z^l = (r^l - mean) / (std + 1e-6) over the group,   A_i = sum_l lambda_l m_l z^l_i
//
// S^l is the score on plane l without its gate, m_l what the drift monitor makes of it (axis_multipliers). A reward,
// where the judge has one, is one more axis of weight 1: with a BT judge this is GRPO. The loss is GRPO's.
// arXiv:2605.18721, as docs/align.md reconstructs it.
#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include "rondo/align/objectives/shared/targets.h"
#include "rondo/base/error.h"

namespace rondo::align {
namespace {

Tensor advantages_K(const Judgement& judged, const std::vector<double>& multipliers) {
  const bool has_axes = judged.axis_means_KA.defined();
  Tensor z_KA = standardised(has_axes ? judged.axis_means_KA : judged.mean_scores_K.unsqueeze(1));
  if (judged.axis_weights_A.defined()) z_KA = z_KA * judged.axis_weights_A;
  if (multipliers.empty()) return z_KA.sum(1);
  if (static_cast<int64_t>(multipliers.size()) != z_KA.size(1)) {
    throw ConfigError(
        fmt::format("axis multipliers do not fit: gprl: {} numbers for {} axes; give one for the reward, "
                    "where the judge has one, and one for each plane",
                    multipliers.size(), z_KA.size(1)));
  }
  return (z_KA * at::tensor(multipliers, z_KA.options())).sum(1);
}

Tensor gprl(const PolicyGroup& group, const ObjectiveConfig& config) {
  return clipped_surrogate_loss(group, advantages_K(group.judged, config.axis_multipliers), config);
}

}  // namespace

constinit const ObjectiveEntry gprl_entry{
    .name = "gprl",
    .cite = "arXiv:2605.18721",
    .loss = &gprl,
    .needs_tokens = true,
    // A judge of rewards alone: the numbers of GRPO.
    .expected = {-0.03342574, -0.15561008, 0.38625330},
};

}  // namespace rondo::align
