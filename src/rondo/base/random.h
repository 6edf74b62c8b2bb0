// SPDX-License-Identifier: Apache-2.0
// Random numbers whose state is two words: seeded, saved in checkpoints, the same on every platform.
//
// SplitMix64 (Steele, Lea, Flood 2014): output number n is a hash of seed + n * golden ratio, so a stream can be
// restored from (seed, count) alone.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace rondo {

class Random {
 public:
  explicit Random(uint64_t seed, uint64_t count = 0) : seed_(seed), count_(count) {}

  /// An independent stream named by `index` (one per group, seed of a response, ...).
  Random split(uint64_t index) const;

  uint64_t next();
  /// Uniform in [0, 1).
  double uniform();
  /// Uniform in {0, ..., limit - 1}; limit > 0. Without modulo bias.
  uint64_t below(uint64_t limit);
  /// Standard normal (Box-Muller).
  double normal();

  /// Fisher-Yates; the C++ library's shuffle differs between platforms.
  template <typename T>
  void shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  /// `count` distinct numbers of {0, ..., limit - 1} in random order (all of them where count >= limit).
  std::vector<int64_t> sample(int64_t limit, int64_t count);

  uint64_t seed() const { return seed_; }
  uint64_t count() const { return count_; }

 private:
  uint64_t seed_;
  uint64_t count_;
};

}  // namespace rondo
