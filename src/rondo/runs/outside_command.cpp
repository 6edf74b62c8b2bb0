// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/outside_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "rondo/base/error.h"

extern char** environ;

namespace rondo::runs {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{10};
// What a shell reports of a command that SIGINT ended.
constexpr int kInterruptedStatus = 130;

pid_t start(const OutsideCommand& command, const std::filesystem::path& input, const std::filesystem::path& output) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  constexpr mode_t kMode = 0600;
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, kMode);
  std::string shell = "/bin/sh", flag = "-c", line = command.line;
  char* const arguments[] = {shell.data(), flag.data(), line.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawn(&child, shell.c_str(), &files, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&files);
  if (error == 0) return child;
  throw ResourceError(
      fmt::format("the command cannot be started: `{}`: {}: {}", command.field, std::strerror(error), command.line));
}

bool was_interrupted(int status) {
  return (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) ||
         (WIFEXITED(status) && WEXITSTATUS(status) == kInterruptedStatus);
}

}  // namespace

bool run_command(const OutsideCommand& command, const std::filesystem::path& input, const std::filesystem::path& output,
                 const std::function<bool()>& should_stop) {
  const pid_t child = start(command, input, output);
  int status = 0;
  bool is_told = false;
  for (pid_t ended = 0; ended != child;) {
    ended = ::waitpid(child, &status, WNOHANG);
    if (ended < 0 && errno != EINTR)
      throw ResourceError(fmt::format("the command is lost: `{}`: {}", command.field, std::strerror(errno)));
    if (ended == child) break;
    if (!is_told && should_stop()) {
      // Ctrl-C reaches the command from the terminal; a signal to this process alone does not.
      ::kill(child, SIGTERM);
      is_told = true;
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  if (is_told || was_interrupted(status) || should_stop()) return false;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  const std::string fact = WIFSIGNALED(status) ? fmt::format("ended by signal {}", WTERMSIG(status))
                                               : fmt::format("status {}", WEXITSTATUS(status));
  throw ResourceError(
      fmt::format("the command failed: `{}`: {}: {}; it reads rows on its input and writes one for each to its output",
                  command.field, fact, command.line));
}

ExchangeFolder::ExchangeFolder(const std::filesystem::path& parent) {
  std::string pattern = (parent / "rondo-rows-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw ResourceError("cannot make a folder for rows: " + pattern + ": " + std::strerror(errno) +
                        "; set TMPDIR to a writable one");
  path_ = pattern;
}

ExchangeFolder::~ExchangeFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

}  // namespace rondo::runs
