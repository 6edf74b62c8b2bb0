// SPDX-License-Identifier: Apache-2.0
// The subcommands that prepare and gather what the report shows.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "examples/blotto/align_collect.h"
#include "examples/blotto/collect.h"
#include "examples/blotto/commands.h"
#include "examples/blotto/pictures.h"
#include "examples/blotto/rows.h"
#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"

namespace blotto {
namespace {

constexpr int kSoldiers = 100;

std::vector<Field> fields_of(const std::string& path) {
  std::vector<Field> fields = read_fields(path, kSoldiers);
  if (fields.empty()) throw rondo::DataError("rows not read: " + path + ": there are none; is it the right file?");
  return fields;
}

void collect(const RunFolder& run) {
  const nlohmann::ordered_json metrics = collect_metrics(run);
  rondo::io::write_file(run.folder / "metrics.json", metrics.dump(2) + "\n");
  rondo::io::write_file(run.folder / "story.json", collect_story(run, metrics).dump() + "\n");
  for (const auto& [head, figures] : metrics["heads"].items()) {
    fmt::print("{:10} accuracy {:.4f}  log-loss {:.4f}  cyclic triads right {:.3f}\n", head,
               figures.value("accuracy", 0.0), figures.value("log_loss", 0.0),
               figures.value("cyclic_triads_right", 0.0));
  }
}

void collect_policies(const AlignFolder& align, const std::string& out) {
  const nlohmann::ordered_json figures = collect_align(align);
  rondo::io::write_file(out, figures.dump(2) + "\n");
  rondo::io::write_file(align.folder / "page.json", align_page(figures).dump() + "\n");
  for (const auto& run : figures["runs"]) {
    fmt::print("{:4} {:6} win rate {:.3f}  exploitability {:.3f}  (mixture of later iterates {:.3f}, {:.3f})\n",
               run["judge"].get<std::string>(), run["objective"].get<std::string>(), run.value("win_rate_vs_base", 0.0),
               run.value("exploitability", 0.0), run["average"].value("win_rate_vs_base", 0.0),
               run["average"].value("exploitability", 0.0));
  }
}

}  // namespace

void add_cycle(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("cycle", "pick the clearest cycle of plans, by the rule alone");
  const auto data = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  const auto size = std::make_shared<int>(3);
  sub->add_option("--data", *data, "rows; the first is used")->required();
  sub->add_option("--size", *size, "plans in the cycle")->check(CLI::Range(3, 4))->capture_default_str();
  sub->add_option("--out", *out, "JSONL file to write")->required();
  sub->callback([=] { write_fields(*out, {clearest_cycle(fields_of(*data).front(), *size)}); });
}

void add_duel(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("duel", "pick two plans and two rules that name different winners");
  const auto data = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  sub->add_option("--data", *data, "rows with different castle values")->required();
  sub->add_option("--out", *out, "JSONL file to write")->required();
  sub->callback([=] { write_fields(*out, clearest_duel(fields_of(*data))); });
}

void add_collect(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("collect", "gather a run folder into metrics.json and story.json");
  const auto run = std::make_shared<RunFolder>();
  sub->add_option("--dir", run->folder, "the run folder (its files: examples/blotto/collect.h)")->required();
  sub->add_option("--heads", run->heads, "heads in the order in which they were evaluated")->required();
  sub->add_option("--seeds", run->seeds, "seeds of the run")->required();
  sub->add_option("--seconds", run->seconds, "how long the run took in all");
  sub->add_option("--title", run->title, "heading of the report");
  sub->add_option("--lead", run->lead, "first paragraph of the report");
  sub->callback([run] { collect(*run); });
}

void add_collect_align(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("collect-align", "gather the runs of examples/blotto/align");
  const auto align = std::make_shared<AlignFolder>();
  const auto out = std::make_shared<std::string>();
  sub->add_option("--dir", align->folder, "the folder (its files: examples/blotto/align_collect.h)")->required();
  sub->add_option("--runs", align->runs, "JUDGE-OBJECTIVE, one or several")->required();
  sub->add_option("--seeds", align->seeds, "seeds of the runs")->required();
  sub->add_option("--seconds", align->seconds, "how long the runs took in all");
  sub->add_option("--out", *out, "JSON file of the figures; page.json goes into the folder")->required();
  sub->callback([align, out] { collect_policies(*align, *out); });
}

}  // namespace blotto
