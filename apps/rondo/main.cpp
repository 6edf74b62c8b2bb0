// SPDX-License-Identifier: Apache-2.0
// rondo: the command line. Verbs are rows of verbs.def; this file parses, runs one, and turns errors into exit codes.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>

#include "apps/rondo/cli.h"
#include "apps/rondo/config_file.h"
#include "apps/rondo/progress.h"
#include "rondo/base/error.h"
#include "rondo/base/nearest.h"
#include "rondo/base/version.h"
#include "rondo/io/json.h"

namespace rondo::cli {
namespace {

constexpr const VerbEntry* kVerbs[] = {
#define VERB(name) &name##_entry,
#include "apps/rondo/verbs.def"
#undef VERB
};

// The command that the arguments reached: the deepest sub-command that was named.
const CLI::App& reached(const CLI::App& app) {
  const CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().back();
  return *chosen;
}

// The first argument that is no flag and names no command of `app`.
std::string stray_word(const CLI::App& app, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument.starts_with('-')) break;
    const auto commands = app.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == argument; });
    if (commands.empty() && argument != app.get_name()) return argument;
  }
  return "";
}

// CLI11 says what it could not use; we add the nearest name that it knows.
std::string explain(const CLI::ParseError& error, const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App& command = reached(app);
  const std::string message = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && message.find("subcommand") != std::string::npos) {
    std::vector<std::string> known;
    for (const CLI::App* sub : command.get_subcommands({})) known.push_back(sub->get_name());
    const std::string word = stray_word(command, arguments);
    return word.empty() ? "which command? known: " + fmt::format("{}", fmt::join(known, ", "))
                        : unknown_name_message("command", word, known);
  }
  const size_t dashes = message.find("--");
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr || dashes == std::string::npos) return message;
  const std::string flag = message.substr(dashes, message.find_first_of(" =\"'", dashes) - dashes);
  std::vector<std::string> known;
  for (const CLI::App* owner = &command; owner != nullptr; owner = owner->get_parent()) {
    for (const CLI::Option* option : owner->get_options()) known.push_back(option->get_name());
  }
  const std::string near = nearest_name(flag, known);
  return fmt::format("unknown flag '{}'{}; `rondo {} --help` lists them", flag,
                     near.empty() ? "" : "; did you mean '" + near + "'?", command.get_name());
}

int run(int argc, char** argv) {
  CLI::App app{"Rondo trains, judges and uses general preference models.", "rondo"};
  app.set_version_flag("--version", std::string("rondo ") + kVersion);
  app.require_subcommand(1);
  Session session;
  Runner chosen;
  const CLI::App* verb_app = nullptr;
  for (const VerbEntry* verb : kVerbs) {
    CLI::App* sub = app.add_subcommand(verb->name, verb->summary);
    add_session_flags(*sub, session);
    const Runner runner = verb->setup(*sub);
    sub->callback([&chosen, &verb_app, runner, sub] {
      chosen = runner;
      verb_app = sub;
    });
  }
  const std::vector<std::string> given(argv + 1, argv + argc);
  try {
    std::vector<std::string> arguments = expand_config(given);
    // CLI11 takes them last first.
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    throw ConfigError(explain(error, app, given));
  }
  connect_terminal(session);
  session.is_given = [verb_app](const char* flag) { return verb_app->count(flag) > 0; };
  session.log = [verb_app, log = session.log](LogLevel level, const std::string& line) {
    log(level, with_flags(line, *verb_app));
  };
  try {
    chosen(session);
  } catch (const Error& error) {
    io::throw_error(error.kind(), with_flags(error.what(), *verb_app));
  }
  finish_output();
  return session.exit_code;
}

}  // namespace

std::span<const VerbEntry* const> all_verbs() { return kVerbs; }

}  // namespace rondo::cli

int main(int argc, char** argv) {
  // The one catch-all of the program.
  try {
    return rondo::cli::run(argc, argv);
  } catch (const rondo::Error& error) {
    fmt::print(stderr, "rondo: {}\n", error.what());
    return rondo::exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "rondo: out of memory; use smaller groups or a smaller --token-budget\n");
    return rondo::exit_code(rondo::ErrorKind::kResource);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rondo: internal error: {}; please report this\n", error.what());
    return rondo::exit_code(rondo::ErrorKind::kInternal);
  }
}
