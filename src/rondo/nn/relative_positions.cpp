// SPDX-License-Identifier: Apache-2.0
#include "rondo/nn/relative_positions.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

namespace rondo::nn {
namespace {

// Distances up to half the buckets are their own bucket, farther ones share buckets on a logarithmic scale. In float32,
// whose roundings decide at the edges of buckets.
Tensor bucket(const Tensor& distance, int64_t buckets, int64_t longest) {
  const int64_t middle = buckets / 2;
  const Tensor size = distance.abs();
  const auto single = distance.options().dtype(at::kFloat);
  const Tensor range = at::full({}, static_cast<double>(longest - 1) / static_cast<double>(middle), single).log();
  const Tensor far = ((size.clamp_min(1).to(at::kFloat) / middle).log() / range * (middle - 1)).ceil() + middle;
  return at::where(size <= middle, distance, (far * distance.sign()).to(at::kLong));
}

// x against the rows of a table, then of each entry the row that its pair of positions names.
Tensor picked(const Tensor& x, const Tensor& table, const Tensor& rows) {
  const Tensor all = at::matmul(x, table.transpose(-1, -2));
  return all.gather(-1, rows.expand({x.size(0), x.size(1), rows.size(0), rows.size(1)}));
}

// The adjoint of picked: adds to dx, returns the gradient of the table [H, rows, K].
Tensor picked_gradient(const Tensor& dpicked, const Tensor& x, const Tensor& table, const Tensor& rows, Tensor& dx) {
  const Tensor dall = at::zeros({x.size(0), x.size(1), x.size(2), table.size(2)}, x.options())
                          .scatter_add_(-1, rows.expand_as(dpicked), dpicked);
  dx.add_(at::matmul(dall, table));
  return at::matmul(dall.transpose(-1, -2), x).sum(1);
}

}  // namespace

RelativeTables RelativePositions::project(int64_t head_size) const {
  const Tensor table = norm.forward(table_SD);
  const auto heads = [&](const Linear& linear) {
    return linear.weight.defined() ? linear.forward(table).unflatten(-1, {-1, head_size}) : Tensor();
  };
  return {heads(key), heads(query), buckets, longest};
}

RelativeScores::RelativeScores(const RelativeTables& tables, const PositionRange& queries, const PositionRange& keys) {
  const Tensor& table = tables.key_SHK.defined() ? tables.key_SHK : tables.query_SHK;
  const int64_t span = table.size(0) / 2;
  // Each distance once, on the CPU whatever the device of the tables: nobody waits for a device to know the rows.
  const int64_t smallest = queries.begin - (keys.begin + keys.count - 1);
  const Tensor distance = at::arange(smallest, smallest + queries.count + keys.count - 1, at::kLong);
  const Tensor bucketed = tables.buckets > 0 ? bucket(distance, tables.buckets, tables.longest) : distance;
  const Tensor rows = (bucketed + span).clamp(0, 2 * span - 1);
  // Short segments use a few rows around the middle of a table of hundreds.
  first_ = rows.min().item<int64_t>();
  count_ = rows.max().item<int64_t>() - first_ + 1;
  // Query i and key j of the ranges are the distance number i - j + keys - 1.
  rows_ = (rows - first_).to(table.device()).unfold(0, keys.count, 1).flip(1);
  key_ = used(tables.key_SHK);
  query_ = used(tables.query_SHK);
}

Tensor RelativeScores::used(const Tensor& table_SHK) const {
  return table_SHK.defined() ? table_SHK.narrow(0, first_, count_).transpose(0, 1).unsqueeze(1) : Tensor();
}

Tensor RelativeScores::add_to(const Tensor& scores, const Tensor& q, const Tensor& k) const {
  Tensor sum = scores;
  if (key_.defined()) sum = sum + picked(q, key_, rows_);
  if (query_.defined()) sum = sum + picked(k, query_, rows_.t()).transpose(-1, -2);
  return sum;
}

void RelativeScores::add_gradients(const Tensor& dscores, const Tensor& q, const Tensor& k, Tensor& dq, Tensor& dk,
                                   RelativeGradients& tables) const {
  const auto rows_of = [this](const Tensor& gradient_SHK) { return gradient_SHK.narrow(0, first_, count_); };
  if (key_.defined()) rows_of(tables.key_SHK).add_(picked_gradient(dscores, q, key_, rows_, dq).transpose(0, 1));
  if (query_.defined()) {
    rows_of(tables.query_SHK)
        .add_(picked_gradient(dscores.transpose(-1, -2), k, query_, rows_.t(), dk).transpose(0, 1));
  }
}

}  // namespace rondo::nn
