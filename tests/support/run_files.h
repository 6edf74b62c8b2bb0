// SPDX-License-Identifier: Apache-2.0
// The log of a run, for tests of runs that are stopped.
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

namespace rondo::testing {

/// A metrics.jsonl without the only column that two equal runs may differ in.
inline std::string without_seconds(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text;
  for (std::string line; std::getline(file, line);) {
    nlohmann::json row = nlohmann::json::parse(line);
    row.erase("seconds");
    text += row.dump() + "\n";
  }
  return text;
}

/// Until the file has so many lines, or a minute has passed.
inline void wait_for_lines(const std::string& path, int64_t lines) {
  constexpr int kPolls = 60'000;
  for (int poll = 0; poll < kPolls; ++poll) {
    std::ifstream file(path, std::ios::binary);
    if (std::count(std::istreambuf_iterator<char>(file), {}, '\n') >= lines) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace rondo::testing
