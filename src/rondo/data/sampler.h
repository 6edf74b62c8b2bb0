// SPDX-License-Identifier: Apache-2.0
// Which responses of which groups make the batch of a step: a pure function of (seed, step), so that resuming needs no
// state but the step number.
//
// A group larger than the group size is partitioned anew each epoch, so that every response is seen once an epoch; an
// epoch is all parts of all groups in random order.
#pragma once

#include <cstdint>
#include <vector>

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
  /// group_sizes: responses of every group of the data set.
  GroupSampler(std::vector<int64_t> group_sizes, const SamplerOptions& options);

  int64_t parts_per_epoch() const { return parts_per_epoch_; }
  int64_t steps_per_epoch() const;
  /// The parts of a step (0, 1, ...). The last batch of an epoch is filled from the next epoch.
  std::vector<SampledPart> batch(int64_t step);

 private:
  void enter_epoch(int64_t epoch);

  std::vector<int64_t> sizes_;
  SamplerOptions options_;
  int64_t parts_per_epoch_ = 0;
  // The order of one epoch, kept because consecutive steps share it.
  int64_t epoch_ = -1;
  std::vector<std::pair<int64_t, int64_t>> order_;  // (group, part)
  int64_t parted_group_ = -1;
  int64_t parted_epoch_ = -1;
  std::vector<int64_t> permutation_;
};

}  // namespace rondo::data
