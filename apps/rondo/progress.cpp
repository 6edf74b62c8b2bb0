// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>

namespace rondo::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBarWidth = 24;
constexpr double kTerminalSeconds = 0.1;  // between redraws
constexpr double kPlainSeconds = 10;      // between lines of a log file

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

std::string time_left(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  return whole >= 3600 ? fmt::format("{}h{:02}m", whole / 3600, whole % 3600 / 60)
                       : fmt::format("{}m{:02}s", whole / 60, whole % 60);
}

class Progress {
 public:
  explicit Progress(bool terminal) : terminal_(terminal) {}

  void show(int64_t done, int64_t total, const std::string& note) {
    const auto now = Clock::now();
    if (done <= last_done_) start_ = now;  // a new piece of work
    last_done_ = done;
    const bool last = total > 0 && done >= total;
    if (!last && seconds_between(shown_, now) < (terminal_ ? kTerminalSeconds : kPlainSeconds)) return;
    shown_ = now;
    std::string line = total > 0 ? fmt::format("{}/{}", done, total) : fmt::format("{}", done);
    if (total > 0 && done > 0 && !last) {
      line += " left " +
              time_left(seconds_between(start_, now) * static_cast<double>(total - done) / static_cast<double>(done));
    }
    if (!note.empty()) line += "  " + note;
    if (!terminal_) {
      fmt::print(stderr, "{}\n", line);
      return;
    }
    const int filled = total > 0 ? static_cast<int>(kBarWidth * done / total) : 0;
    const std::string bar(static_cast<size_t>(filled), '=');
    fmt::print(stderr, "\r\033[K[{:<{}}] {}", bar, kBarWidth, line);
    open_ = !last;
    if (last) fmt::print(stderr, "\n");
    std::fflush(stderr);
  }

  void break_line() {
    if (open_) fmt::print(stderr, "\r\033[K");
    open_ = false;
  }

 private:
  bool terminal_;
  bool open_ = false;
  int64_t last_done_ = -1;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_{};
};

}  // namespace

void connect_terminal(Session& session) {
  auto progress = std::make_shared<Progress>(isatty(STDERR_FILENO) != 0);
  const bool quiet = session.quiet;
  session.log = [progress, quiet](LogLevel level, const std::string& line) {
    if (quiet && level == LogLevel::kInfo) return;
    progress->break_line();
    fmt::print(stderr, "{}{}\n", level == LogLevel::kWarning ? "warning: " : "", line);
  };
  session.progress = [progress, quiet](int64_t done, int64_t total, const std::string& note) {
    if (!quiet) progress->show(done, total, note);
  };
}

}  // namespace rondo::cli
