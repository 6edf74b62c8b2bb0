// SPDX-License-Identifier: Apache-2.0
// From next-token logits to a token: the usual transformations, in the order of the field's libraries.
#pragma once

#include <string>
#include <vector>

#include "rondo/base/config.h"
#include "rondo/base/random.h"
#include "rondo/base/tensor.h"

namespace rondo::generate {

struct SamplingOptions {
  double temperature = 1;  // 0 = greedy
  double top_p = 1;
  int64_t top_k = 0;
  double min_p = 0;
  double repetition_penalty = 1;
};

void describe(FieldVisitor& v, SamplingOptions& c);

/// Logits [R, V] after the repetition penalty (logits of tokens in seen_RV are divided by it where positive, multiplied
/// where negative; arXiv:1909.05858), temperature, top-k, top-p (arXiv:1904.09751) and min-p (arXiv:2407.01082):
/// -infinity where a token is ruled out, in float32 or wider. seen_RV [R, V] bool may be undefined where the penalty
/// is 1.
Tensor transform_logits(const Tensor& logits_RV, const Tensor& seen_RV, const SamplingOptions& options);

/// One token a row [R], by the inverse of the cumulative distribution at one uniform number of each row's own stream;
/// the highest logit where temperature is 0. Streams advance by one.
std::vector<int32_t> sample_tokens(const Tensor& transformed_RV, std::vector<Random>& streams,
                                   const SamplingOptions& options);

}  // namespace rondo::generate
