// SPDX-License-Identifier: Apache-2.0
// rondo report: a self-contained HTML page from the files that training and evaluation leave behind.
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/rondo/cli.h"
#include "rondo/base/error.h"
#include "rondo/io/json.h"
#include "rondo/report/comparison_report.h"
#include "rondo/report/page.h"
#include "rondo/report/training_report.h"

namespace rondo::cli {
namespace {

struct ReportConfig {
  std::string kind = "training";
  std::string data;
  std::string held_out;
  std::string manifest;
  std::string title = "Training";
  std::string out;
};

void describe(FieldVisitor& v, ReportConfig& c) {
  v.choice("kind", c.kind,
           "training: curves of one run; comparison: heads side by side; page: blocks of text, tables and plots "
           "(src/rondo/report)",
           {"training", "comparison", "page"});
  v.text("data", c.data, "training: metrics.jsonl of the run; comparison, page: a JSON file with the story");
  v.text("held_out", c.held_out, "training: JSON that `rondo eval` wrote, for the table and the calibration plot");
  v.text("manifest", c.manifest, "training: JSON with flags, versions and hashes, shown as it is");
  v.text("title", c.title, "training: heading of the page");
  v.text("out", c.out, "HTML file to write");
}

nlohmann::json optional_json(const std::string& path) {
  return path.empty() ? nlohmann::json() : io::read_json_file(path);
}

std::vector<nlohmann::json> json_lines(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ResourceError("report not made: " + path + ": cannot be opened; is the path right?");
  std::vector<nlohmann::json> rows;
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    if (!line.empty()) rows.push_back(io::parse_json(line, fmt::format("{}:{}", path, number)));
  }
  return rows;
}

void run_report(const ReportConfig& config, Session& session) {
  if (config.data.empty() || config.out.empty()) {
    throw ConfigError("report not made: --data, --out: both are needed; `rondo report --help` explains them");
  }
  if (config.kind == "comparison") {
    report::write_comparison_report(io::read_json_file(config.data), config.out);
  } else if (config.kind == "page") {
    report::write_described_page(io::read_json_file(config.data), config.out);
  } else {
    const nlohmann::json held_out = optional_json(config.held_out), manifest = optional_json(config.manifest);
    report::write_training_report(
        {.title = config.title, .rows = json_lines(config.data), .held_out = held_out, .manifest = manifest},
        config.out);
  }
  session.log(LogLevel::kInfo, "report: " + config.out);
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<ReportConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_report(*config, session); };
}

}  // namespace

constinit const VerbEntry report_entry{
    .name = "report",
    .summary = "make an HTML page from metrics files",
    .setup = &setup,
};

}  // namespace rondo::cli
