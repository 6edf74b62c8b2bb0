// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

#include "apps/rondo/cli.h"
#include "apps/rondo/config_file.h"
#include "apps/rondo/data_flags.h"
#include "apps/rondo/interrupt.h"
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

// Whether a verb or one of its actions knows the flag.
bool has_flag(const CLI::App& verb, const std::string& flag) {
  if (verb.get_option_no_throw(flag) != nullptr) return true;
  for (const CLI::App* action : verb.get_subcommands({})) {
    if (has_flag(*action, flag)) return true;
  }
  return false;
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
  const auto bound = [](int64_t x) {
    const bool is_open = x == kManyRows || x == std::numeric_limits<int64_t>::min();
    return is_open ? "..." : fmt::format("{}", x);
  };
  app_.add_option(flag_of(name), value, with_range(help, bound(low), bound(high)))
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
  FlagBinder binder(app);
  describe(binder, session.process);
  app.add_flag("--quiet", session.quiet, "no progress, no notes: results and errors only");
  add_config_flag(app);
}

runs::Hooks Session::hooks(bool stops) const {
  runs::Hooks hooks{.log = log, .progress = progress, .spool_folder = spool_folder()};
  if (stops) {
    catch_interrupt();
    hooks.should_stop = &interrupted;
  }
  return hooks;
}

void keep_process(const Session& session, runs::Process& recorded) {
  if (session.is_given("--seed") && session.process.seed != recorded.seed)
    throw ConfigError(
        fmt::format("--seed beside --resume: the run has {}; leave it out, or start a new run", recorded.seed));
  if (session.is_given("--base")) recorded.base = session.process.base;
  if (session.is_given("--threads")) recorded.threads = session.process.threads;
}

std::string with_flags(const std::string& message, const CLI::App& verb) {
  std::string text;
  size_t from = 0;
  for (size_t open = message.find('`'); open != std::string::npos; open = message.find('`', from)) {
    const size_t close = message.find('`', open + 1);
    if (close == std::string::npos) break;
    const std::string flag = flag_of(message.substr(open + 1, close - open - 1).c_str());
    const bool is_flag = flag.find(' ') == std::string::npos && has_flag(verb, flag);
    text += message.substr(from, open - from);
    text += is_flag ? flag : message.substr(open, close - open + 1);
    from = close + 1;
  }
  return text + message.substr(from);
}

void print_line(const std::string& line) {
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fputc('\n', stdout) == EOF) fail_output();
}

void finish_output() {
  if (std::fflush(stdout) != 0) fail_output();
}

}  // namespace rondo::cli
