// SPDX-License-Identifier: Apache-2.0
// The library never prints. It reports through a sink that the application hands in.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rondo {

enum class LogLevel { kInfo, kWarning };

/// Receives one line at a time, without a newline.
using LogSink = std::function<void(LogLevel, const std::string&)>;

/// Receives the state of long work: items done, items in all (0 = unknown), and a short note ("loss 0.41").
using ProgressSink = std::function<void(int64_t done, int64_t total, const std::string& note)>;

/// What was found on the way and is not an error; for those who return it instead of logging.
struct Note {
  LogLevel level = LogLevel::kInfo;
  std::string text;
};
using Notes = std::vector<Note>;

inline void log_notes(const Notes& notes, const LogSink& log) {
  for (const Note& note : notes) log(note.level, note.text);
}

inline LogSink silent_log() {
  return [](LogLevel, const std::string&) {};
}
inline ProgressSink silent_progress() {
  return [](int64_t, int64_t, const std::string&) {};
}

}  // namespace rondo
