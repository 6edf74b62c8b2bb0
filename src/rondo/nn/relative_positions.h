// SPDX-License-Identifier: Apache-2.0
// Disentangled attention (DeBERTa, arXiv:2006.03654): a score has, beside content with content, the content of the
// query with the position of the key and the content of the key with the position of the query:
//
//   s(i, j) = q(i) k(j) + q(i) pk(b(i - j)) + k(j) pq(b(i - j))
//
// pk and pq are rows of one small table, projected; b puts far distances into buckets that grow with the distance.
#pragma once

#include "rondo/base/tensor.h"
#include "rondo/nn/linear.h"
#include "rondo/nn/norm.h"

namespace rondo::nn {

/// The projected table of one layer in one pass: [2 span, H, K]; undefined where a term is missing.
struct RelativeTables {
  Tensor key_SHK;
  Tensor query_SHK;
  int64_t buckets = 0;  // 0: every distance has its own row
  int64_t longest = 0;  // distance from which on all share the last bucket
};

/// What a layer has for it: the table that the layers share, and projections, without weight where a term is missing.
struct RelativePositions {
  Tensor table_SD;
  Norm norm;
  Linear key, query;
  int64_t buckets = 0;
  int64_t longest = 0;

  RelativeTables project(int64_t head_size) const;
};

/// Of the tables, in their shapes.
struct RelativeGradients {
  Tensor key_SHK, query_SHK;
};

/// Positions [begin, begin + count) of one segment.
struct PositionRange {
  int64_t begin = 0;
  int64_t count = 0;
};

/// Both position terms of one block of queries and keys. q [H, count, rows, K] and k [H, count, keys, K], heads first.
class RelativeScores {
 public:
  /// The same positions for all `count`.
  RelativeScores(const RelativeTables& tables, const PositionRange& queries, const PositionRange& keys);

  /// scores [H, count, rows, keys] with the terms added.
  Tensor add_to(const Tensor& scores, const Tensor& q, const Tensor& k) const;
  /// The adjoint: adds to the gradients dq, dk and those of the tables.
  void add_gradients(const Tensor& dscores, const Tensor& q, const Tensor& k, Tensor& dq, Tensor& dk,
                     RelativeGradients& tables) const;

 private:
  Tensor used(const Tensor& table_SHK) const;

  Tensor key_, query_;  // the rows that these distances use, [H, 1, rows used, K]
  Tensor rows_;         // of key_ and query_, for each query and key
  int64_t first_ = 0;   // row of the whole table that is the first of key_ and query_
  int64_t count_ = 0;
};

}  // namespace rondo::nn
