// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/sampler.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "rondo/base/error.h"
#include "rondo/base/random.h"

namespace rondo::data {
namespace {

// Streams of the sampler's generator: the order of an epoch, the partition of a group.
constexpr uint64_t kOrderStream = 0;
constexpr uint64_t kPartitionStream = 1;

// Parts of nearly equal size: a remainder of one response would have no comparison.
int64_t part_begin(int64_t size, int64_t parts, int64_t part) { return size * part / parts; }

std::vector<std::vector<int32_t>> opponents_of(const TokenGroup& group) {
  std::vector<std::vector<int32_t>> opponents(group.responses.size());
  for (const Comparison& c : group.comparisons) {
    opponents[static_cast<size_t>(c.i)].push_back(c.j);
    opponents[static_cast<size_t>(c.j)].push_back(c.i);
  }
  return opponents;
}

// The responses in an order of which part k is the slice from part_begin(k) to part_begin(k + 1). A part takes one
// response after the other from the opponents of those it holds, or the next of a random order where none is left.
std::vector<int64_t> grow_parts(const TokenGroup& group, int64_t parts, Random& random) {
  const auto opponents = opponents_of(group);
  const auto size = std::ssize(opponents);
  const std::vector<int64_t> starts = random.sample(size, size);
  auto start = starts.begin();
  std::vector<int64_t> order, reached;
  std::vector<bool> taken(opponents.size(), false);
  for (int64_t part = 0; part < parts; ++part) {
    reached.clear();
    while (std::ssize(order) < part_begin(size, parts, part + 1)) {
      if (reached.empty()) {
        reached.push_back(*start++);
      } else {
        std::swap(reached[random.below(reached.size())], reached.back());
      }
      const int64_t response = reached.back();
      reached.pop_back();
      if (taken[static_cast<size_t>(response)]) continue;
      taken[static_cast<size_t>(response)] = true;
      order.push_back(response);
      const std::vector<int32_t>& further = opponents[static_cast<size_t>(response)];
      reached.insert(reached.end(), further.begin(), further.end());
    }
  }
  return order;
}

}  // namespace

GroupSampler::GroupSampler(TokenSource& source, const SamplerOptions& options) : source_(source), options_(options) {
  for (int64_t group = 0; group < source_.size(); ++group) parts_per_epoch_ += part_count(group);
  if (parts_per_epoch_ == 0) throw DataError("nothing to train on: the data holds no group with responses");
}

int64_t GroupSampler::part_count(int64_t group) const {
  return (source_.response_count(group) + options_.group_size - 1) / options_.group_size;
}

int64_t GroupSampler::steps_per_epoch() const {
  return (parts_per_epoch_ + options_.batch_groups - 1) / options_.batch_groups;
}

void GroupSampler::enter_epoch(int64_t epoch) {
  if (epoch == epoch_) return;
  epoch_ = epoch;
  partitions_.clear();
  order_.clear();
  for (int64_t group = 0; group < source_.size(); ++group) {
    for (int64_t part = 0; part < part_count(group); ++part) order_.emplace_back(group, part);
  }
  Random random = Random(options_.seed).split(kOrderStream).split(static_cast<uint64_t>(epoch));
  random.shuffle(std::span(order_));
}

const std::vector<int64_t>& GroupSampler::partition(int64_t group) {
  const auto found = partitions_.find(group);
  if (found != partitions_.end()) return found->second;
  Random random = Random(options_.seed)
                      .split(kPartitionStream)
                      .split(static_cast<uint64_t>(epoch_))
                      .split(static_cast<uint64_t>(group));
  const int64_t size = source_.response_count(group);
  const std::shared_ptr<const TokenGroup> read = source_.get(group);
  const bool is_sparse = 2 * std::ssize(read->comparisons) < size * options_.group_size;
  return partitions_[group] = is_sparse ? grow_parts(*read, part_count(group), random) : random.sample(size, size);
}

std::vector<SampledPart> GroupSampler::batch(int64_t step) {
  std::vector<SampledPart> batch;
  for (int64_t k = 0; k < options_.batch_groups; ++k) {
    const int64_t number = step * options_.batch_groups + k;
    enter_epoch(number / parts_per_epoch_);
    const auto [group, part] = order_[static_cast<size_t>(number % parts_per_epoch_)];
    const int64_t size = source_.response_count(group), parts = part_count(group);
    SampledPart sampled{.group = group, .responses = {}};
    if (parts == 1) {
      sampled.responses.resize(static_cast<size_t>(size));
      std::iota(sampled.responses.begin(), sampled.responses.end(), int64_t{0});
    } else {
      const auto begin = partition(group).begin();
      sampled.responses.assign(begin + part_begin(size, parts, part), begin + part_begin(size, parts, part + 1));
      std::sort(sampled.responses.begin(), sampled.responses.end());
    }
    batch.push_back(std::move(sampled));
  }
  return batch;
}

std::pair<int64_t, int64_t> GroupSampler::kept_comparisons() {
  enter_epoch(0);
  int64_t kept = 0, all = 0;
  for (int64_t group = 0; group < source_.size(); ++group) {
    const int64_t size = source_.response_count(group), parts = part_count(group);
    if (parts <= 1) continue;
    const std::vector<int64_t>& order = partition(group);
    std::vector<int64_t> part_of(static_cast<size_t>(size));
    for (int64_t part = 0; part < parts; ++part) {
      for (int64_t at = part_begin(size, parts, part); at < part_begin(size, parts, part + 1); ++at)
        part_of[static_cast<size_t>(order[static_cast<size_t>(at)])] = part;
    }
    const std::shared_ptr<const TokenGroup> read = source_.get(group);
    all += std::ssize(read->comparisons);
    kept += std::ranges::count_if(read->comparisons, [&part_of](const Comparison& c) {
      return part_of[static_cast<size_t>(c.i)] == part_of[static_cast<size_t>(c.j)];
    });
  }
  return {kept, all};
}

}  // namespace rondo::data
