// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/sampler.h"

#include <algorithm>
#include <span>

#include "rondo/base/error.h"
#include "rondo/base/random.h"

namespace rondo::data {
namespace {

// Streams of the sampler's generator: the order of an epoch, the partition of a group.
constexpr uint64_t kOrderStream = 0;
constexpr uint64_t kPartitionStream = 1;

int64_t part_count(int64_t size, int64_t group_size) { return (size + group_size - 1) / group_size; }

}  // namespace

GroupSampler::GroupSampler(std::vector<int64_t> group_sizes, const SamplerOptions& options)
    : sizes_(std::move(group_sizes)), options_(options) {
  for (const int64_t size : sizes_) parts_per_epoch_ += part_count(size, options_.group_size);
  if (parts_per_epoch_ == 0) throw DataError("nothing to train on: the data holds no group with responses");
}

int64_t GroupSampler::steps_per_epoch() const {
  return (parts_per_epoch_ + options_.batch_groups - 1) / options_.batch_groups;
}

void GroupSampler::enter_epoch(int64_t epoch) {
  if (epoch == epoch_) return;
  epoch_ = epoch;
  order_.clear();
  for (size_t group = 0; group < sizes_.size(); ++group) {
    for (int64_t part = 0; part < part_count(sizes_[group], options_.group_size); ++part) {
      order_.emplace_back(static_cast<int64_t>(group), part);
    }
  }
  Random random = Random(options_.seed).split(kOrderStream).split(static_cast<uint64_t>(epoch));
  random.shuffle(std::span(order_));
}

std::vector<SampledPart> GroupSampler::batch(int64_t step) {
  std::vector<SampledPart> parts;
  for (int64_t k = 0; k < options_.batch_groups; ++k) {
    const int64_t number = step * options_.batch_groups + k;
    enter_epoch(number / parts_per_epoch_);
    const auto [group, part] = order_[static_cast<size_t>(number % parts_per_epoch_)];
    const int64_t size = sizes_[static_cast<size_t>(group)];
    if (group != parted_group_ || epoch_ != parted_epoch_) {
      Random random = Random(options_.seed)
                          .split(kPartitionStream)
                          .split(static_cast<uint64_t>(epoch_))
                          .split(static_cast<uint64_t>(group));
      permutation_ = random.sample(size, size);
      parted_group_ = group;
      parted_epoch_ = epoch_;
    }
    // Parts of nearly equal size: a remainder of one response would have no comparison.
    const int64_t count = part_count(size, options_.group_size);
    const int64_t begin = size * part / count, end = size * (part + 1) / count;
    parts.push_back({group, {permutation_.begin() + begin, permutation_.begin() + end}});
    std::sort(parts.back().responses.begin(), parts.back().responses.end());
  }
  return parts;
}

}  // namespace rondo::data
