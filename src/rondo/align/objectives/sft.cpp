// SPDX-License-Identifier: Apache-2.0
// Supervised fine-tuning on the responses as they are: the mean negative log-probability of a response token. The start
// of a policy, before there is anything to compare.
//
//   L = -sum_i log pi(y_i|x) / sum_i |y_i|
#include <ATen/TensorOperators.h>

#include "rondo/align/objectives/shared/objective.h"

namespace rondo::align {
namespace {

Tensor loss(const PolicyGroup& group, const ObjectiveConfig&) { return -group.log_prob_K.sum() / group.length_K.sum(); }

constexpr ObjectiveExample kExamples[] = {
    {.log_prob = {-1.0, -2.0}, .score = 1.0, .expected = 0.50000000},
    {.log_prob = {-0.5, -3.0}, .score = 1.0, .expected = 0.58333333},
    {.log_prob = {-0.5, -3.0}, .score = -2.0, .expected = 0.58333333},
};

}  // namespace

constinit const ObjectiveEntry sft_entry{
    .name = "sft",
    .cite = "maximum likelihood",
    .loss = &loss,
    .target = nullptr,
    .needs_last = false,
    .needs_tokens = false,
    .learns_from = LearnsFrom::kResponses,
    .is_self_play = false,
    .examples = kExamples,
};

}  // namespace rondo::align
