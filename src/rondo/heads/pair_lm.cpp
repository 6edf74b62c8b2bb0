// SPDX-License-Identifier: Apache-2.0
// Pairwise language model: asked which of two responses is better, it answers by a token, and T is the logit of "the
// first" minus the logit of "the second". Has no weights of its own. The probabilities of both orders are averaged, as
// RLHFlow's pair-preference-model is read (arXiv:2405.07863).
#include <ATen/TensorOperators.h>

#include "rondo/base/error.h"
#include "rondo/heads/shared/head.h"

namespace rondo::heads {
namespace {

std::vector<nn::ExpectedWeight> weights(const HeadConfig&, int64_t) { return {}; }

HeadOutput forward(const HeadConfig& config, const nn::ParameterSet&, const Tensor& answers_QA, const Tensor&) {
  RONDO_ASSERT(answers_QA.size(-1) == 2, "the two answers are checked where configs are read");
  return {.pair_logits_Q = answers_QA.select(-1, 0) - answers_QA.select(-1, 1),
          .order_average = OrderAverage::kProbabilities,
          .tau = config.tau};
}

}  // namespace

constinit const HeadEntry pair_lm_entry{
    .name = "pair_lm",
    .cite = "arXiv:2405.07863",
    .pairwise = true,
    .reads_logits = true,
    .title = "PairLM",
    .meaning = "a language model asked for the better one",
    .colour = "#8c8c8c",
    .weights = &weights,
    .forward = &forward,
};

}  // namespace rondo::heads
