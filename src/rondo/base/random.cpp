// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/random.h"

#include <cmath>
#include <numbers>
#include <numeric>

namespace rondo {
namespace {

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;

uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Random Random::split(uint64_t index) const { return Random(mix(seed_ ^ mix(index + kGolden))); }

uint64_t Random::next() { return mix(seed_ + ++count_ * kGolden); }

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

uint64_t Random::below(uint64_t limit) {
  // Numbers under `threshold` would make the low residues more frequent.
  const uint64_t threshold = (0 - limit) % limit;
  uint64_t draw = next();
  while (draw < threshold) draw = next();
  return draw % limit;
}

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

std::vector<int64_t> Random::sample(int64_t limit, int64_t count) {
  std::vector<int64_t> items(static_cast<size_t>(limit));
  std::iota(items.begin(), items.end(), int64_t{0});
  const size_t taken = static_cast<size_t>(count < limit ? count : limit);
  for (size_t i = 0; i < taken; ++i) std::swap(items[i], items[i + below(items.size() - i)]);
  items.resize(taken);
  return items;
}

}  // namespace rondo
