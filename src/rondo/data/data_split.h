// SPDX-License-Identifier: Apache-2.0
// Two parts of a data set that share no prompt, or, inside large groups, no response.
//
// A prompt (or response) goes to the part that its own hash with the seed says: the parts do not depend on the order of
// the rows, and stay the same when rows are added.
#pragma once

#include <cstdint>
#include <functional>

#include "rondo/base/log.h"
#include "rondo/core/group.h"
#include "rondo/data/group_store.h"

namespace rondo::data {

struct SplitOptions {
  bool by_response = false;  // otherwise by prompt
  double test_fraction = 0.1;
  int64_t seed = 1;
  ProgressSink progress = silent_progress();
};

struct SplitPart {
  int64_t groups = 0;
  int64_t responses = 0;
  int64_t comparisons = 0;
};

struct SplitReport {
  SplitPart train;
  SplitPart test;
  int64_t dropped_comparisons = 0;  // by response: one side here, the other there
  int64_t dropped_groups = 0;       // by response: nothing left to compare on that side
  int64_t shared_texts = 0;         // distinct responses that stand in both parts
};

/// True where the prompt belongs to the test part: for a held-out set without files.
[[nodiscard]] bool is_test_prompt(const Prompt& prompt, const SplitOptions& options);

/// Hands every group, or its two halves, to the sinks, in order.
SplitReport split_groups(const GroupStore& store, const SplitOptions& options,
                         const std::function<void(const Group&)>& train, const std::function<void(const Group&)>& test);

}  // namespace rondo::data
