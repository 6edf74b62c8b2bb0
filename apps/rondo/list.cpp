// SPDX-License-Identifier: Apache-2.0
// rondo list: the rows of a table of plug-ins.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/rondo/cli.h"
#include "rondo/align/formats/shared/format.h"
#include "rondo/align/objectives/shared/objective.h"
#include "rondo/backbones/shared/family.h"
#include "rondo/base/error.h"
#include "rondo/base/nearest.h"
#include "rondo/data/row_shapes.h"
#include "rondo/heads/shared/head.h"
#include "rondo/losses/shared/loss.h"

namespace rondo::cli {
namespace {

struct Table {
  const char* name;
  void (*print)();
};

void print_row(std::string_view name, std::string_view note) { print_line(fmt::format("{:<24} {}", name, note)); }

constexpr Table kTables[] = {
    {"backbones",
     [] {
       for (const auto* row : backbones::all_families()) print_row(row->name, row->architectures.front());
     }},
    {"heads",
     [] {
       for (const auto* row : heads::all_heads()) print_row(row->name, row->cite);
     }},
    {"losses",
     [] {
       for (const auto* row : losses::all_losses()) print_row(row->name, row->cite);
     }},
    {"objectives",
     [] {
       for (const auto* row : align::all_objectives()) {
         const std::string labels = align::used_labels(*row);
         print_row(row->name,
                   labels.empty() ? std::string(row->cite) : fmt::format("{}; labels: {}", row->cite, labels));
       }
     }},
    {"formats",
     [] {
       for (const auto* row : align::formats::all_formats()) print_row(row->name, row->summary);
     }},
    {"shapes",
     [] {
       for (const auto* row : data::all_shapes()) {
         print_row(row->name, row->summary);
         print_row("", fmt::format("  label: {}", row->label));
       }
     }},
};

Runner setup(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  app.add_option("table", *name,
                 "backbones, heads, losses, objectives, formats or shapes; all of them where none is named");
  return [name](Session&) {
    std::vector<std::string> known;
    bool found = false;
    for (const Table& table : kTables) {
      known.emplace_back(table.name);
      if (!name->empty() && *name != table.name) continue;
      found = true;
      if (name->empty()) print_line(fmt::format("{}:", table.name));
      table.print();
    }
    if (!found) throw ConfigError(unknown_name_message("table", *name, known));
  };
}

}  // namespace

constinit const VerbEntry list_entry{
    .name = "list",
    .summary = "print the known backbones, heads, losses and row shapes",
    .setup = &setup,
};

}  // namespace rondo::cli
