// SPDX-License-Identifier: Apache-2.0
// rondo describe: the flags of a verb, or of all of them as docs/options.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/rondo/cli.h"
#include "rondo/base/error.h"
#include "rondo/base/nearest.h"

namespace rondo::cli {
namespace {

void print_heading(const char* title, const char* summary) {
  print_line(fmt::format("## {}\n\n{}\n\n| flag | default | meaning |\n|---|---|---|", title, summary));
}

void print_options(const CLI::App& owner, const std::string& prefix) {
  for (const CLI::Option* option : owner.get_options()) {
    if (option->get_name() == "--help") continue;
    print_line(fmt::format("| `{}{}` | {} | {} |", prefix, option->get_name(),
                           option->get_default_str().empty() ? "" : "`" + option->get_default_str() + "`",
                           option->get_description()));
  }
}

void print_session_flags() {
  CLI::App app;
  Session session;
  add_session_flags(app, session);
  print_heading("every verb", "Flags that all verbs have.");
  print_options(app, "");
  print_line("");
}

void print_markdown_table(const VerbEntry& verb) {
  CLI::App app{verb.summary, verb.name};
  const Runner unused = verb.setup(app);
  print_heading(("rondo " + std::string(verb.name)).c_str(), verb.summary);
  print_options(app, "");
  for (const CLI::App* sub : app.get_subcommands({})) {
    print_line(fmt::format("| **{}** | | {} |", sub->get_name(), sub->get_description()));
    print_options(*sub, sub->get_name() + " ");
  }
  print_line("");
}

Runner setup(CLI::App& app) {
  auto verb_name = std::make_shared<std::string>();
  app.add_option("verb", *verb_name, "which verb; all of them where none is named");
  return [verb_name](Session&) {
    if (verb_name->empty()) print_session_flags();
    std::vector<std::string> known;
    for (const VerbEntry* verb : all_verbs()) {
      known.emplace_back(verb->name);
      if (verb_name->empty() || *verb_name == verb->name) print_markdown_table(*verb);
    }
    if (!verb_name->empty() && std::find(known.begin(), known.end(), *verb_name) == known.end()) {
      throw ConfigError(unknown_name_message("verb", *verb_name, known));
    }
  };
}

}  // namespace

constinit const VerbEntry describe_entry{
    .name = "describe",
    .summary = "print the flags of a verb with their defaults",
    .setup = &setup,
};

}  // namespace rondo::cli
