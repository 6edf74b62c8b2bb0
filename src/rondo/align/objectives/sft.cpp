// SPDX-License-Identifier: Apache-2.0
// Supervised fine-tuning on the responses as they are: the mean negative log-probability of a response token. The start
// of a policy, before there is anything to compare.
//
//   L = -sum_i log pi(y_i|x) / sum_i |y_i|
#include <ATen/TensorOperators.h>

#include "rondo/align/objectives/shared/objective.h"

namespace rondo::align {
namespace {

Tensor sft(const PolicyGroup& group, const ObjectiveConfig&) { return -group.log_prob_K.sum() / group.length_K.sum(); }

}  // namespace

constinit const ObjectiveEntry sft_entry{
    .name = "sft",
    .cite = "maximum likelihood",
    .loss = &sft,
    .learns_from = LearnsFrom::kResponses,
    .expected = {0.50000000, 0.58333333, 0.58333333},
};

}  // namespace rondo::align
