// SPDX-License-Identifier: Apache-2.0
// The library never prints. It reports through a sink that the application hands in.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace rondo {

enum class LogLevel { kInfo, kWarning };

/// Receives one line at a time, without a newline.
using LogSink = std::function<void(LogLevel, const std::string&)>;

/// Receives the state of long work: items done, items in all (0 = unknown), and a short note ("loss 0.41").
using ProgressSink = std::function<void(int64_t done, int64_t total, const std::string& note)>;

inline LogSink silent_log() {
  return [](LogLevel, const std::string&) {};
}
inline ProgressSink silent_progress() {
  return [](int64_t, int64_t, const std::string&) {};
}

}  // namespace rondo
