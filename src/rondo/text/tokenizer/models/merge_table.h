// SPDX-License-Identifier: Apache-2.0
// The merges of byte-pair encoding: (left id, right id) -> (rank, merged id), in one open-addressing table.
#pragma once

#include <cstdint>
#include <vector>

namespace rondo::text {

struct Merge {
  uint64_t key = kFree;
  uint32_t rank = 0;
  int32_t id = 0;

  static constexpr uint64_t kFree = ~uint64_t{0};
};

class MergeTable {
 public:
  explicit MergeTable(size_t expected) {
    size_t size = 16;
    while (size < expected * 2) size *= 2, --shift_;
    rows_.resize(size);
  }

  /// A pair added twice keeps its last rank. The table must have been made for as many pairs.
  void add(int32_t left, int32_t right, uint32_t rank, int32_t id) {
    *slot(key_of(left, right)) = {key_of(left, right), rank, id};
  }

  const Merge* find(int32_t left, int32_t right) const {
    const Merge* row = const_cast<MergeTable*>(this)->slot(key_of(left, right));
    return row->key == Merge::kFree ? nullptr : row;
  }

 private:
  static uint64_t key_of(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  Merge* slot(uint64_t key) {
    // 2^64 / golden ratio spreads neighbouring keys.
    size_t i = key * 0x9E3779B97F4A7C15U >> shift_;
    while (rows_[i].key != key && rows_[i].key != Merge::kFree) i = (i + 1) & (rows_.size() - 1);
    return &rows_[i];
  }

  std::vector<Merge> rows_;
  uint32_t shift_ = 60;
};

}  // namespace rondo::text
