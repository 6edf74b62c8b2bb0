// SPDX-License-Identifier: Apache-2.0
// PairRM: states at three marks of a sequence (prompt x, first candidate a, second candidate b) and one small network
// that rates a candidate beside its prompt,
//
//   T(a, b) = mean over outputs of f([x, a]) - f([x, b]),   f(z) = W4 tanh(W1 z + b1) + b4.
//
// b reads a's tokens and a reads b's, so T is not skew and both orders are averaged. arXiv:2306.02561.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include "rondo/base/error.h"
#include "rondo/heads/shared/embedding.h"

namespace rondo::heads {
namespace {

constexpr int64_t kMarks = 3;

// The published names: layers 1 and 4 of a sequence whose others have no weights.
std::vector<nn::ExpectedWeight> weights(const HeadConfig& config, int64_t hidden) {
  return {{"head_layer.1.weight", {hidden, 2 * hidden}},
          {"head_layer.1.bias", {hidden}},
          {"head_layer.4.weight", {config.outputs, hidden}},
          {"head_layer.4.bias", {config.outputs}}};
}

HeadOutput forward(const HeadConfig&, const nn::ParameterSet& parameters, const Tensor& marks_RD, const Tensor&) {
  RONDO_ASSERT(marks_RD.size(0) % kMarks == 0, "a sequence has three marks");
  const Tensor states_QMD = marks_RD.unflatten(0, {-1, kMarks});
  const Tensor prompt_QD = states_QMD.select(1, 0);
  const auto rate = [&](const Tensor& candidate_QD) {
    const Tensor inner_QD = linear_map(parameters, "head_layer.1", at::cat({prompt_QD, candidate_QD}, -1)).tanh();
    return linear_map(parameters, "head_layer.4", inner_QD);
  };
  return {.pair_logits_Q = (rate(states_QMD.select(1, 1)) - rate(states_QMD.select(1, 2))).mean(-1)};
}

}  // namespace

constinit const HeadEntry pair_rm_entry{
    .name = "pair_rm",
    .cite = "arXiv:2306.02561",
    .pairwise = true,
    .readings = kMarks,
    .title = "PairRM",
    .meaning = "both responses read at marks",
    .colour = "#56B4E9",
    .trainer_classes = {"DebertaV2PairRM"},  // LLM-Blender
    .wraps_backbone = true,
    .weights = &weights,
    .forward = &forward,
};

}  // namespace rondo::heads
