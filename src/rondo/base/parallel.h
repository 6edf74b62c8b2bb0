// SPDX-License-Identifier: Apache-2.0
// Independent pieces of work on several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace rondo {

struct ParallelOptions {
  int64_t threads = 1;  // the caller's among them; 0 = all cores
  size_t block = 1;     // calls that a thread takes at a time
};

/// Calls work(i) once for every i of [0, count), on several threads at once. All calls are made even where some throw;
/// then throws what the call of the smallest i threw, whichever came first.
void parallel_for(size_t count, const ParallelOptions& options, const std::function<void(size_t)>& work);

}  // namespace rondo
