// SPDX-License-Identifier: Apache-2.0
// Calls the program as people do.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
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

}  // namespace rondo::testing
