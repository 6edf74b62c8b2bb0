// SPDX-License-Identifier: Apache-2.0
// Pairwise preference model: one number for a sequence that holds both responses, T(i, j) = w . h(i first, j second).
// Both orders are read and s = (T - T') / 2, so the score is skew although the network is not. Expresses any table, at
// K(K - 1) sequences for K responses. PairPM of arXiv:2405.07863, and the "PairPM" that arXiv:2410.02197 compares with.
#include "rondo/heads/shared/embedding.h"

namespace rondo::heads {
namespace {

std::vector<nn::ExpectedWeight> weights(const HeadConfig&, int64_t hidden) { return {{"pair.weight", {1, hidden}}}; }

HeadOutput forward(const HeadConfig&, const nn::ParameterSet& parameters, const Tensor& pooled_QD, const Tensor&) {
  return {.pair_logits_Q = linear_map(parameters, "pair", pooled_QD).squeeze(-1)};
}

}  // namespace

constinit const HeadEntry pair_entry{
    .name = "pair",
    .cite = "arXiv:2405.07863",
    .pairwise = true,
    .title = "PairPM",
    .meaning = "both responses read at once",
    .colour = "#E69F00",
    .weights = &weights,
    .forward = &forward,
};

}  // namespace rondo::heads
