// SPDX-License-Identifier: Apache-2.0
// Which responses of which groups make the batch of a step: a pure function of (seed, step), so that resuming needs no
// state but the step number.
//
// A group larger than the group size is partitioned anew each epoch, so that every response is seen once an epoch; an
// epoch is all parts of all groups in random order. A comparison is trained on where both its responses are in one
// part. Where a response has fewer opponents than a part has places, a part therefore grows along comparisons from a
// random response, and a sparse group keeps most of its comparisons; a denser group is partitioned uniformly.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "rondo/data/token_source.h"

namespace rondo::data {

/// Responses of one group that are trained together.
struct SampledPart {
  int64_t group = 0;
  std::vector<int64_t> responses;
};

struct SamplerOptions {
  int64_t batch_groups = 1;  // parts per step
  int64_t group_size = 128;  // responses of a part at most
  uint64_t seed = 1;
};

class GroupSampler {
 public:
  /// The source must outlive the sampler; groups that are larger than a part are read from it.
  GroupSampler(TokenSource& source, const SamplerOptions& options);

  int64_t parts_per_epoch() const { return parts_per_epoch_; }
  int64_t steps_per_epoch() const;
  /// The parts of a step (0, 1, ...). The last batch of an epoch is filled from the next epoch.
  std::vector<SampledPart> batch(int64_t step);
  /// Comparisons of an epoch within one part, and all of them, over the groups that are larger than a part.
  std::pair<int64_t, int64_t> kept_comparisons();

 private:
  void enter_epoch(int64_t epoch);
  int64_t part_count(int64_t group) const;
  const std::vector<int64_t>& partition(int64_t group);

  TokenSource& source_;
  SamplerOptions options_;
  int64_t parts_per_epoch_ = 0;
  // The order of one epoch and the partitions of its large groups, kept because the steps of an epoch share them.
  int64_t epoch_ = -1;
  std::vector<std::pair<int64_t, int64_t>> order_;  // (group, part)
  std::map<int64_t, std::vector<int64_t>> partitions_;
};

}  // namespace rondo::data
