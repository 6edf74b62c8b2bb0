// SPDX-License-Identifier: Apache-2.0
#include "rondo/core/score_kernel.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "rondo/base/error.h"

namespace rondo {

namespace {

// Logits of all sequences at the places of their pairs, in tables of `total` entries altogether.
Tensor flat_logits(const HeadOutput& output, int64_t total) {
  const Tensor zeros = at::zeros({total}, output.pair_logits_Q.options());
  return zeros.index_put({output.pair_index_Q}, output.pair_logits_Q);
}

}  // namespace

PreferenceTable HeadOutput::group_table(int64_t group, int64_t begin, int64_t count) const {
  PreferenceTable table;
  if (pair_logits_Q.defined()) {
    RONDO_ASSERT(group == 0 && begin == 0, "pairwise tables of a batch are made by TableLayout");
    table.pairwise_MM = average_orders(flat_logits(*this, count * count).view({count, count}), order_average, tau);
    return table;
  }
  if (rewards_R.defined()) table.rewards_M = rewards_R.narrow(0, begin, count);
  if (embeddings_RE.defined()) table.embeddings_ME = embeddings_RE.narrow(0, begin, count);
  if (gate_GP.defined()) table.gate_P = gate_GP.select(0, group);
  return table;
}

TableLayout::TableLayout(const std::vector<int64_t>& group_sizes) : sizes_(group_sizes), offsets_(group_sizes.size()) {
  int64_t row = 0;
  for (size_t group = 0; group < sizes_.size(); ++group) {
    auto bucket =
        std::find_if(buckets_.begin(), buckets_.end(), [&](const Bucket& b) { return b.size == sizes_[group]; });
    if (bucket == buckets_.end()) bucket = buckets_.insert(buckets_.end(), Bucket{.size = sizes_[group]});
    bucket->groups.push_back(static_cast<int64_t>(group));
    bucket->first_rows.push_back(row);
    row += sizes_[group];
  }
  int64_t offset = 0;
  for (const Bucket& bucket : buckets_) {
    for (const int64_t group : bucket.groups) {
      offsets_[static_cast<size_t>(group)] = offset;
      offset += bucket.size * bucket.size;
    }
  }
}

int64_t TableLayout::index(int64_t group, int64_t i, int64_t j) const {
  const auto g = static_cast<size_t>(group);
  RONDO_ASSERT(i >= 0 && j >= 0 && i < sizes_[g] && j < sizes_[g], "comparisons name responses of their group");
  return offsets_[g] + i * sizes_[g] + j;
}

Tensor TableLayout::pairwise_scores(const HeadOutput& output) const {
  int64_t total = 0;
  for (const int64_t size : sizes_) total += size * size;
  const Tensor logits = flat_logits(output, total);
  std::vector<Tensor> flat;
  int64_t offset = 0;
  for (const Bucket& bucket : buckets_) {
    const auto count = static_cast<int64_t>(bucket.groups.size());
    const int64_t entries = count * bucket.size * bucket.size;
    const Tensor tables = logits.narrow(0, offset, entries).view({count, bucket.size, bucket.size});
    flat.push_back(average_orders(tables, output.order_average, output.tau).flatten());
    offset += entries;
  }
  return at::cat(flat);
}

Tensor TableLayout::all_scores(const HeadOutput& output) const {
  if (output.pair_logits_Q.defined()) return pairwise_scores(output);
  std::vector<Tensor> flat;
  for (const Bucket& bucket : buckets_) {
    // One bucket holds all groups in order: plain views. Otherwise the rows of its groups are gathered.
    const bool whole = buckets_.size() == 1;
    const auto count = static_cast<int64_t>(bucket.groups.size());
    const auto stacked = [&](const Tensor& x, const std::vector<int64_t>& firsts, int64_t rows) {
      if (!x.defined() || whole) return x;
      std::vector<int64_t> index;
      for (const int64_t first : firsts) {
        for (int64_t row = 0; row < rows; ++row) index.push_back(first + row);
      }
      return x.index_select(0, at::tensor(index, at::TensorOptions().dtype(at::kLong)).to(x.device()));
    };
    PreferenceTable tables;
    const Tensor rewards_R = stacked(output.rewards_R, bucket.first_rows, bucket.size);
    const Tensor embeddings_RE = stacked(output.embeddings_RE, bucket.first_rows, bucket.size);
    if (rewards_R.defined()) tables.rewards_M = rewards_R.view({count, bucket.size});
    if (embeddings_RE.defined())
      tables.embeddings_ME = embeddings_RE.view({count, bucket.size, embeddings_RE.size(-1)});
    tables.gate_P = stacked(output.gate_GP, bucket.groups, 1);
    flat.push_back(tables.scores_MM().flatten());
  }
  return flat.size() == 1 ? flat.front() : at::cat(flat);
}

ComparisonBatch ComparisonBatch::to(const at::Device& device) const {
  ComparisonBatch moved = *this;
  for (Tensor* tensor : {&moved.table_index_C, &moved.p_C, &moved.tie_C, &moved.weight_C, &moved.margin_C,
                         &moved.left_C, &moved.right_C}) {
    if (tensor->defined()) *tensor = tensor->to(device);
  }
  return moved;
}

}  // namespace rondo
