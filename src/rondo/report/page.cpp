// SPDX-License-Identifier: Apache-2.0
#include "rondo/report/page.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"
#include "rondo/report/html_report.h"
#include "rondo/report/plots.h"

namespace rondo::report {
namespace {

using Json = nlohmann::json;

void add_heading(HtmlReport& report, const Json& block) { report.add_heading(block.get<std::string>()); }

void add_text(HtmlReport& report, const Json& block) { report.add_text(block.get<std::string>()); }

void add_finding(HtmlReport& report, const Json& block) {
  const std::string tone = block.value("tone", "plain");
  report.add_finding(block.at("text").get<std::string>(), tone == "good"      ? Tone::kGood
                                                          : tone == "caution" ? Tone::kCaution
                                                                              : Tone::kPlain);
}

void add_table(HtmlReport& report, const Json& block) {
  report.add_table({.caption = block.value("caption", ""),
                    .columns = block.at("columns").get<std::vector<std::string>>(),
                    .rows = block.at("rows").get<std::vector<std::vector<std::string>>>(),
                    .marks = {}});
}

void add_plot(HtmlReport& report, const Json& block) {
  std::vector<Line> lines;
  for (const Json& line : block.at("lines")) {
    lines.push_back({.name = line.value("name", ""),
                     .x = line.at("x").get<std::vector<double>>(),
                     .y = line.at("y").get<std::vector<double>>(),
                     .colour = line.value("colour", ""),
                     .is_dashed = line.value("is_dashed", false),
                     .has_markers = line.value("has_markers", false),
                     .has_legend = line.contains("name")});
  }
  add_line_plot(report, block.value("caption", ""), lines, {.x = block.value("x", ""), .y = block.value("y", "")});
}

void add_facts(HtmlReport& report, const Json& block) {
  std::vector<std::pair<std::string, std::string>> facts;
  for (const auto& [name, value] : block.items())
    facts.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  report.add_facts(facts);
}

using AddBlock = void (*)(HtmlReport&, const Json&);

const std::map<std::string, AddBlock>& blocks() {
  static const std::map<std::string, AddBlock> kBlocks = {{"heading", add_heading}, {"text", add_text},
                                                          {"finding", add_finding}, {"table", add_table},
                                                          {"plot", add_plot},       {"facts", add_facts}};
  return kBlocks;
}

void add_block(HtmlReport& report, const Json& block) {
  for (const auto& [kind, content] : block.items()) {
    const auto found = blocks().find(kind);
    if (found == blocks().end()) {
      std::vector<std::string> known;
      for (const auto& [name, add] : blocks()) known.push_back(name);
      throw DataError(unknown_name_message("block", kind, known));
    }
    found->second(report, content);
  }
}

HtmlReport build(const Json& page) {
  try {
    HtmlReport report(page.at("title").get<std::string>());
    add_blocks(report, page.at("blocks"));
    return report;
  } catch (const Json::exception& error) {
    throw DataError(fmt::format("report not made: page: {}; see report/page.h for the form", error.what()));
  }
}

}  // namespace

void add_blocks(HtmlReport& report, const Json& blocks) {
  size_t number = 0;
  try {
    for (const Json& block : blocks) {
      ++number;
      add_block(report, block);
    }
  } catch (const std::exception& error) {
    throw DataError(
        fmt::format("report not made: page: block {}: {}; see report/page.h for the form", number, error.what()));
  }
}

std::string described_page(const Json& page) { return build(page).html(); }

void write_described_page(const Json& page, const std::filesystem::path& path) { build(page).save(path); }

}  // namespace rondo::report
