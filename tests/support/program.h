// SPDX-License-Identifier: Apache-2.0
// Calls the program as people do.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace rondo::testing {

struct Call {
  int exit_code = -1;
  std::string output;  // both streams
};

/// The program under test; "" where it is not built.
inline std::string program() {
  const char* const binary = std::getenv("RONDO_BINARY");
  return binary != nullptr && std::filesystem::exists(binary) ? binary : "";
}

/// Runs a shell command.
inline Call shell(const std::string& command) {
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  Call result;
  std::array<char, 4096> chunk{};
  for (size_t got = 0; (got = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;)
    result.output.append(chunk.data(), got);
  const int status = ::pclose(pipe);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

inline Call rondo(const std::string& arguments) { return shell(program() + " " + arguments); }

// The program in a process of its own, so that it can be killed at any moment.
class Child {
 public:
  explicit Child(const std::string& command) {
    const char* const arguments[] = {"/bin/sh", "-c", command.c_str(), nullptr};
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    ::posix_spawn(&id_, "/bin/sh", &actions, nullptr, const_cast<char* const*>(arguments), ::environ);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  /// True where it ended by itself before.
  bool kill_after(double seconds, int signal) const {
    ::usleep(static_cast<useconds_t>(seconds * 1e6));
    ::kill(id_, signal);
    int status = 0;
    ::waitpid(id_, &status, 0);
    return WIFEXITED(status);
  }

 private:
  pid_t id_ = 0;
};

}  // namespace rondo::testing
