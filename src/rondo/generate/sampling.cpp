// SPDX-License-Identifier: Apache-2.0
#include "rondo/generate/sampling.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>

#include <limits>

#include "rondo/nn/precision.h"

namespace rondo::generate {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

Tensor keep_top_k(const Tensor& logits_RV, int64_t k) {
  const Tensor smallest_R1 = std::get<0>(at::topk(logits_RV, std::min(k, logits_RV.size(1)))).narrow(1, -1, 1);
  return logits_RV.masked_fill(logits_RV < smallest_R1, kNever);
}

// The smallest set of likeliest tokens whose probabilities reach p; at least one.
Tensor keep_top_p(const Tensor& logits_RV, double p) {
  const auto [ascending_RV, order_RV] = at::sort(logits_RV, -1);
  Tensor out_RV = at::cumsum(at::softmax(ascending_RV, -1), -1) <= 1 - p;
  out_RV.select(1, -1).fill_(false);
  return logits_RV.masked_fill(out_RV.scatter(1, order_RV, out_RV), kNever);
}

Tensor keep_min_p(const Tensor& logits_RV, double share) {
  const Tensor probability_RV = at::softmax(logits_RV, -1);
  return logits_RV.masked_fill(probability_RV < share * probability_RV.amax(-1, /*keepdim=*/true), kNever);
}

std::vector<int32_t> to_ids(const Tensor& tokens_R) {
  const Tensor ids = tokens_R.to(at::kCPU, at::kInt).contiguous();
  return {ids.const_data_ptr<int32_t>(), ids.const_data_ptr<int32_t>() + ids.numel()};
}

}  // namespace

void describe(FieldVisitor& v, SamplingOptions& c) {
  v.number("temperature", c.temperature, "divides the logits; 0 = always the likeliest token", 0.0, 100.0);
  v.number("top_p", c.top_p, "smallest set of tokens with this probability", 1e-9, 1.0);
  v.integer("top_k", c.top_k, "likeliest tokens kept; 0 = all", 0, int64_t{1} << 31);
  v.number("min_p", c.min_p, "tokens with less than this share of the likeliest one's probability are left out", 0.0,
           1.0);
  v.number("repetition_penalty", c.repetition_penalty, "above 1: tokens that were there become less likely", 1e-3,
           100.0);
}

Tensor transform_logits(const Tensor& logits_RV, const Tensor& seen_RV, const SamplingOptions& options) {
  Tensor x_RV = nn::at_least_float(logits_RV);
  if (options.repetition_penalty != 1) {
    const Tensor penalised_RV =
        at::where(x_RV < 0, x_RV * options.repetition_penalty, x_RV / options.repetition_penalty);
    x_RV = at::where(seen_RV, penalised_RV, x_RV);
  }
  if (options.temperature == 0) return x_RV;
  if (options.temperature != 1) x_RV = x_RV / options.temperature;
  if (options.top_k > 0) x_RV = keep_top_k(x_RV, options.top_k);
  if (options.top_p < 1) x_RV = keep_top_p(x_RV, options.top_p);
  if (options.min_p > 0) x_RV = keep_min_p(x_RV, options.min_p);
  return x_RV;
}

std::vector<int32_t> sample_tokens(const Tensor& transformed_RV, std::vector<Random>& streams,
                                   const SamplingOptions& options) {
  std::vector<double> uniform;
  for (Random& stream : streams) uniform.push_back(stream.uniform());
  if (options.temperature == 0) return to_ids(transformed_RV.argmax(-1));
  const Tensor cumulative_RV = at::cumsum(at::softmax(transformed_RV, -1, at::kDouble), -1);
  const Tensor total_R1 = cumulative_RV.narrow(1, -1, 1);
  const Tensor point_R1 =
      at::tensor(uniform, at::TensorOptions().dtype(at::kDouble)).to(total_R1.device()).unsqueeze(1);
  // Tokens of probability 0 add nothing to the sum and so are never the first to exceed the point.
  return to_ids((cumulative_RV <= point_R1 * total_R1).sum(-1).clamp_max(transformed_RV.size(1) - 1));
}

}  // namespace rondo::generate
