// SPDX-License-Identifier: Apache-2.0
// Bradley-Terry: one number per response, s(i, j) = r_i - r_j. Cannot express a cycle. Bradley & Terry 1952.
#include "rondo/heads/shared/embedding.h"

namespace rondo::heads {
namespace {

std::vector<nn::ExpectedWeight> weights(const HeadConfig&, int64_t hidden) { return {{"score.weight", {1, hidden}}}; }

HeadOutput forward(const HeadConfig&, const nn::ParameterSet& parameters, const Tensor& pooled_RD, const Tensor&) {
  return {.rewards_R = rewards(parameters, pooled_RD)};
}

}  // namespace

constinit const HeadEntry bt_entry{
    .name = "bt",
    .cite = "Bradley & Terry 1952",
    .scalar = true,
    .weights = &weights,
    .forward = &forward,
};

}  // namespace rondo::heads
