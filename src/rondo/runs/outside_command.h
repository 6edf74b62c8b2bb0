// SPDX-License-Identifier: Apache-2.0
// A shell command of the user that reads rows and writes rows: a rule that labels, a program that says what responses
// stand for.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace rondo::runs {

struct OutsideCommand {
  std::string field;  // of the config, for messages
  std::string line;   // for /bin/sh
};

/// Runs the command with `input` as its standard input and its output written to `output`. Returns false where
/// `should_stop` said so meanwhile, or the user interrupted the command. Throws ResourceError where it cannot be
/// started or fails.
bool run_command(const OutsideCommand& command, const std::filesystem::path& input, const std::filesystem::path& output,
                 const std::function<bool()>& should_stop);

/// A folder for what a command reads and writes; it goes with this object.
class ExchangeFolder {
 public:
  /// Throws ResourceError where `parent` is not writable.
  explicit ExchangeFolder(const std::filesystem::path& parent);
  ~ExchangeFolder();
  ExchangeFolder(const ExchangeFolder&) = delete;
  ExchangeFolder& operator=(const ExchangeFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace rondo::runs
