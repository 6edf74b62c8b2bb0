// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "apps/rondo/cli.h"
#include "apps/rondo/config_file.h"
#include "rondo/base/error.h"
#include "rondo/base/nearest.h"

namespace rondo::cli {
namespace {

std::string flag_of(const char* name) {
  std::string flag = "--";
  for (const char* letter = name; *letter != 0; ++letter) flag += *letter == '_' ? '-' : *letter;
  return flag;
}

std::string with_range(const char* help, const std::string& low, const std::string& high) {
  return fmt::format("{} [{}, {}]", help, low, high);
}

template <typename T>
CLI::Validator range_check(T low, T high) {
  return CLI::Validator(
      [low, high](std::string& input) {
        T value{};
        if (!CLI::detail::lexical_cast(input, value)) return fmt::format("'{}' is not a number", input);
        // Negated so that NaN is refused as well.
        if (!(value >= low && value <= high)) return fmt::format("{} is not between {} and {}", input, low, high);
        return std::string();
      },
      "");
}

[[noreturn]] void fail_output() {
  throw ResourceError(std::string("cannot write the results: standard output: ") + std::strerror(errno) +
                      "; free space where it leads, or choose another place");
}

}  // namespace

void FlagBinder::number(const char* name, double& value, const char* help, double low, double high) {
  app_.add_option(flag_of(name), value, with_range(help, fmt::format("{}", low), fmt::format("{}", high)))
      ->check(range_check(low, high))
      ->capture_default_str();
}

void FlagBinder::integer(const char* name, int64_t& value, const char* help, int64_t low, int64_t high) {
  const std::string top = high == kManyRows ? "..." : fmt::format("{}", high);
  app_.add_option(flag_of(name), value, with_range(help, fmt::format("{}", low), top))
      ->check(range_check(low, high))
      ->capture_default_str();
}

void FlagBinder::boolean(const char* name, bool& value, const char* help) {
  const std::string flag = flag_of(name);
  // --deterministic and --no-deterministic: a value set in a config file can be switched off.
  app_.add_flag(flag + ",!--no-" + flag.substr(2), value, help)->capture_default_str();
}

void FlagBinder::text(const char* name, std::string& value, const char* help) {
  app_.add_option(flag_of(name), value, help)->capture_default_str();
}

void FlagBinder::choice(const char* name, std::string& value, const char* help, const std::vector<std::string>& known) {
  const std::string what = name;
  std::string listed = help;
  listed += ": ";
  for (size_t i = 0; i < known.size(); ++i) listed += (i ? ", " : "") + known[i];
  app_.add_option(flag_of(name), value, listed)
      ->check(CLI::Validator(
          [what, known](std::string& input) {
            for (const std::string& name_known : known) {
              if (input == name_known) return std::string();
            }
            return unknown_name_message(what, input, known);
          },
          ""))
      ->capture_default_str();
}

void FlagBinder::texts(const char* name, std::vector<std::string>& values, const char* help) {
  app_.add_option(flag_of(name), values, help);
}

void add_session_flags(CLI::App& app, Session& session) {
  app.add_option("--threads", session.threads, "compute threads, 0 = all cores")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  app.add_option("--seed", session.seed, "seed of everything random")->capture_default_str();
  app.add_option("--base", session.base, "folder of an adapter's base model; empty = as its adapter_config.json says");
  app.add_flag("--quiet", session.quiet, "no progress, no notes: results and errors only");
  add_config_flag(app);
}

void print_line(const std::string& line) {
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fputc('\n', stdout) == EOF) fail_output();
}

void finish_output() {
  if (std::fflush(stdout) != 0) fail_output();
}

}  // namespace rondo::cli
