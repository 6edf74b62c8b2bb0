// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace rondo {

void parallel_for(size_t count, const ParallelOptions& options, const std::function<void(size_t)>& work) {
  const size_t block = std::max<size_t>(1, options.block);
  const auto asked = static_cast<size_t>(
      options.threads > 0 ? options.threads : std::max<int64_t>(1, std::thread::hardware_concurrency()));
  const size_t threads = std::min(asked, (count + block - 1) / block);
  std::atomic<size_t> next = 0;
  std::mutex failure_lock;
  std::exception_ptr failure;
  size_t failed = count;
  const auto take_blocks = [&] {
    for (size_t begin = next.fetch_add(block); begin < count; begin = next.fetch_add(block)) {
      for (size_t i = begin; i < std::min(begin + block, count); ++i) {
        try {
          work(i);
        } catch (...) {
          const std::lock_guard lock(failure_lock);
          if (i >= failed) continue;
          failed = i;
          failure = std::current_exception();
        }
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (size_t i = 1; i < threads; ++i) helpers.emplace_back(take_blocks);
    take_blocks();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace rondo
