// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/data_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace rondo::cli {
namespace {

// On the screen; --rejected-out has all of them.
constexpr size_t kShownRows = 20;
constexpr int kShownPerReason = 3;

std::string line(const char* name, const std::string& text) { return fmt::format("  {:<18} {}\n", name, text); }

std::string counted(int64_t count, const char* what) {
  return count == 0 ? "" : fmt::format("; {} {}", with_commas(count), what);
}

std::string spread_text(const data::Spread& s, const char* unit) {
  return fmt::format("{} / {} / {} {} (smallest / median / largest), 95 % up to {}", with_commas(s.min),
                     with_commas(s.median), with_commas(s.max), unit, with_commas(s.p95));
}

std::string rejected_text(const data::ReadReport& report) {
  std::string text;
  std::map<std::string, int> shown_of_reason;
  size_t shown = 0;
  for (const data::BadRow& bad : report.first_bad_rows) {
    if (shown == kShownRows) break;
    if (++shown_of_reason[bad.reason] > kShownPerReason) continue;
    text += fmt::format("  {}: row {}: {}\n", bad.file, bad.row, bad.reason);
    ++shown;
  }
  const int64_t rest = report.bad_rows - static_cast<int64_t>(shown);
  if (rest > 0) text += fmt::format("  and {} more; --rejected-out FILE writes all of them\n", with_commas(rest));
  return text;
}

}  // namespace

std::string with_commas(int64_t number) {
  const std::string digits = fmt::format("{}", number);
  constexpr size_t kGroup = 3;
  std::string text;
  for (size_t at = 0; at < digits.size(); ++at) {
    const bool after_digit = at > 0 && digits[at - 1] != '-';
    if (after_digit && (digits.size() - at) % kGroup == 0) text.push_back(',');
    text.push_back(digits[at]);
  }
  return text;
}

std::string check_text(const runs::CheckResult& result) {
  const data::ReadReport& r = result.report;
  std::string text = fmt::format("{}\n", fmt::join(result.files, ", "));
  std::vector<std::string> shapes;
  for (const auto& [shape, rows] : r.rows_of_shape)
    shapes.push_back(fmt::format("{} ({} rows)", shape, with_commas(rows)));
  text += line("row shape", shapes.empty() ? "none recognised" : fmt::format("{}", fmt::join(shapes, ", ")));
  std::vector<std::string> unread;
  for (const auto& [column, rows] : r.unread_columns)
    unread.push_back(fmt::format("{} ({} rows)", column, with_commas(rows)));
  if (!unread.empty()) text += line("columns not read", fmt::format("{}", fmt::join(unread, ", ")));
  text += line("rows", fmt::format("{} read, {} rejected", with_commas(r.rows), with_commas(r.bad_rows)));
  if (r.groups > 0) {
    const auto& summary = result.summary;
    text += line("groups", with_commas(r.groups) + counted(r.unlabelled_groups, "of them without comparisons"));
    text += line("responses", with_commas(r.responses) + counted(r.merged_responses, "equal ones merged"));
    text += line("  per group", spread_text(summary.responses_per_group, "responses"));
    text +=
        line("comparisons", with_commas(r.comparisons) + counted(r.ties, "ties") + counted(r.duplicates, "duplicates") +
                                counted(r.contradictions, "contradictory pairs") +
                                counted(r.self_comparisons, "between equal responses left out"));
    text += line("prompt length", spread_text(summary.prompt_characters, "characters"));
    text += line("response length", spread_text(summary.response_characters, "characters"));
    if (result.response_tokens) text += line("", spread_text(*result.response_tokens, "tokens"));
    text += line("content", "sha256 " + result.content_hash);
  }
  if (r.bad_rows > 0) text += "rejected rows\n" + rejected_text(r);
  text.pop_back();
  return text;
}

}  // namespace rondo::cli
