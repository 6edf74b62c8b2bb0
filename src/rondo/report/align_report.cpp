// SPDX-License-Identifier: Apache-2.0
#include "rondo/report/align_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "rondo/report/html_report.h"
#include "rondo/report/plots.h"

namespace rondo::report {
namespace {

using Json = nlohmann::json;

// Beyond these a run deserves a sentence.
constexpr double kLengthGrowth = 1.5;  // mean length against that of the base
constexpr double kRefereeGap = 0.1;    // win rate by the judge above that by a referee
constexpr double kFewDistinct = 0.5;   // share of distinct responses

double number_at(const Json& row, const char* pointer, double otherwise) {
  const Json::json_pointer place(pointer);
  return row.contains(place) && row[place].is_number() ? row[place].get<double>() : otherwise;
}

// One value an iteration, where it is there. Statistics of iteration t are those of the policy it sampled from, t - 1.
Line line_of(const std::vector<Json>& rows, const std::string& pointer, const std::string& name, double shift) {
  Line line{.name = name};
  const Json::json_pointer place(pointer);
  for (const Json& row : rows) {
    if (!row.contains(place) || !row[place].is_number()) continue;
    line.x.push_back(row["iteration"].get<double>() + shift);
    line.y.push_back(row[place].get<double>());
  }
  return line;
}

std::vector<std::string> referees_of(const std::vector<Json>& rows) {
  std::set<std::string> names;
  for (const Json& row : rows) {
    if (!row.contains("contest")) continue;
    for (const auto& [name, result] : row["contest"].items()) names.insert(name);
  }
  return {names.begin(), names.end()};
}

void add_lines(HtmlReport& report, const std::string& caption, std::vector<Line> lines, const Axes& axes) {
  std::erase_if(lines, [](const Line& line) { return line.x.empty(); });
  if (!lines.empty()) add_line_plot(report, caption, lines, axes);
}

void add_win_rates(HtmlReport& report, const std::vector<Json>& rows) {
  const std::vector<std::string> referees = referees_of(rows);
  if (referees.empty()) return;
  report.add_heading("Win rates");
  std::vector<Line> lines;
  for (const std::string& referee : referees) {
    lines.push_back(line_of(rows, "/contest/" + referee + "/base/win_rate", referee + ", against the base", 0));
    Line previous =
        line_of(rows, "/contest/" + referee + "/previous/win_rate", referee + ", against the iterate before", 0);
    previous.is_dashed = true;
    lines.push_back(std::move(previous));
  }
  add_lines(report, "Share of pairs that the policy wins; a half is even.", lines, {.x = "iteration", .y = "win rate"});
  Table table{.caption = "In brackets the 95 % bootstrap interval over prompts.", .columns = {"iteration"}};
  for (const std::string& referee : referees) {
    table.columns.push_back(referee + ": base");
    table.columns.push_back(referee + ": iterate before");
  }
  for (const Json& row : rows) {
    std::vector<std::string> cells = {row["iteration"].dump()};
    for (const std::string& referee : referees) {
      for (const char* opponent : {"base", "previous"}) {
        const Json::json_pointer place("/contest/" + referee + "/" + opponent);
        const Json result = row.contains(place) ? row[place] : Json::object();
        cells.push_back(
            with_interval(result.value("win_rate", Json()), result.value("low", Json()), result.value("high", Json())));
      }
    }
    table.rows.push_back(std::move(cells));
  }
  report.add_table(table);
}

void add_policy(HtmlReport& report, const std::vector<Json>& rows) {
  report.add_heading("What the policy became");
  report.add_text("Each point is measured on the responses of that iterate; iterate 0 is the base policy.");
  const auto of_sampler = [&](const char* key, const char* name) {
    return line_of(rows, std::string("/statistics/") + key, name, -1);
  };
  add_lines(report, "Spread and distance, nats a response.",
            {of_sampler("entropy", "entropy"), of_sampler("kl_to_base", "KL to the base")},
            {.x = "iterate", .y = "nats"});
  add_lines(report, "Mean length in tokens.", {of_sampler("length_mean", "length")}, {.x = "iterate", .y = "tokens"});
  add_lines(report, "Shares.",
            {of_sampler("distinct_share", "distinct responses"), of_sampler("finished_share", "ended by themselves"),
             of_sampler("cyclic_triads_share", "triads that the judge finds cyclic")},
            {.x = "iterate", .y = "share"});
}

void add_costs(HtmlReport& report, const std::vector<Json>& rows) {
  report.add_heading("What it cost");
  Table table{
      .caption = "Seconds by stage; judge queries are one per response, of a pairwise judge one per ordered pair.",
      .columns = {"iteration", "generate", "judge", "log-probabilities", "train", "contest", "queries"}};
  for (const Json& row : rows) {
    std::vector<std::string> cells = {row["iteration"].dump()};
    for (const char* stage : {"generate", "judge", "log_probs", "train", "contest"})
      cells.push_back(fmt::format("{:.1f}", number_at(row, (std::string("/seconds/") + stage).c_str(), 0)));
    cells.push_back(row.value("queries", Json(0)).dump());
    table.rows.push_back(std::move(cells));
  }
  report.add_table(table);
}

}  // namespace

std::vector<std::string> align_warnings(const std::vector<Json>& iterations) {
  std::vector<std::string> warnings;
  if (iterations.empty()) return warnings;
  const double first = number_at(iterations.front(), "/statistics/length_mean", 0);
  const double last = number_at(iterations.back(), "/statistics/length_mean", 0);
  if (first > 0 && last > kLengthGrowth * first)
    warnings.push_back(
        fmt::format("Responses grew from {:.0f} to {:.0f} tokens: does the judge prefer long ones whatever they say?",
                    first, last));
  const double distinct = number_at(iterations.back(), "/statistics/distinct_share", 1);
  if (distinct < kFewDistinct)
    warnings.push_back(fmt::format(
        "Only {:.0f} % of the last responses to a prompt are distinct: the policy is collapsing.", 100 * distinct));
  const double judged = number_at(iterations.back(), "/contest/judge/base/win_rate", 0);
  for (const char* referee : {"referee", "command"}) {
    const double refereed =
        number_at(iterations.back(), (std::string("/contest/") + referee + "/base/win_rate").c_str(), judged);
    if (judged > refereed + kRefereeGap)
      warnings.push_back(fmt::format(
          "The judge sees a win rate of {:.2f} against the base, the {} one of {:.2f}: the policy learns the judge's "
          "errors.",
          judged, referee, refereed));
  }
  return warnings;
}

void write_align_report(const AlignReportInput& input, const std::filesystem::path& path) {
  HtmlReport report(input.title);
  for (const std::string& warning : align_warnings(input.iterations)) report.add_finding(warning, Tone::kCaution);
  add_win_rates(report, input.iterations);
  add_policy(report, input.iterations);
  add_costs(report, input.iterations);
  report.add_heading("How this was made");
  std::vector<std::pair<std::string, std::string>> facts;
  for (const auto& [key, value] : input.manifest.items())
    facts.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  report.add_facts(facts);
  report.save(path);
}

}  // namespace rondo::report
