// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/group_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "rondo/base/error.h"
#include "rondo/data/group_merge.h"

namespace rondo::data {

using nlohmann::ordered_json;

ordered_json message_json(const Message& message) {
  ordered_json object = {{"role", message.role}, {"content", message.content}};
  if (!message.extra_json.empty()) object.update(ordered_json::parse(message.extra_json));
  return object;
}

namespace {

// Below this a list is easier to read than a tournament.
constexpr size_t kCompactAbove = 64;
// A tournament has a character for every pair; one in eight must be compared for it to be the shorter form.
constexpr size_t kMaxPairsPerComparison = 8;
// Comparisons of one row: about 3 MB of text.
constexpr size_t kRowComparisons = 100'000;

// 0.7 and not the 0.699999988079071 that the float is.
double shortest(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

ordered_json response_json(const Message& response) {
  if (response.role == "assistant" && response.extra_json.empty()) return response.content;
  return message_json(response);
}

ordered_json comparison_json(const Comparison& c) {
  ordered_json object = {{"i", c.i}, {"j", c.j}};
  if (c.p != 1 || c.tie != 0) object["p"] = shortest(c.p);
  if (c.tie != 0) object["tie"] = shortest(c.tie);
  if (c.weight != 1) object["weight"] = shortest(c.weight);
  if (c.margin != 0) object["margin"] = shortest(c.margin);
  return object;
}

void add_prompt(const Prompt& prompt, ordered_json& row) {
  if (prompt.is_plain) {
    row["prompt"] = prompt.text;
  } else {
    row["messages"] = ordered_json::array();
    for (const Message& message : prompt.messages) row["messages"].push_back(message_json(message));
  }
  if (!prompt.tools_json.empty()) row["tools"] = ordered_json::parse(prompt.tools_json);
  if (!prompt.template_kwargs_json.empty())
    row["chat_template_kwargs"] = ordered_json::parse(prompt.template_kwargs_json);
}

ordered_json head_json(const Group& group) {
  ordered_json row = ordered_json::object();
  if (!group.id.empty()) row["id"] = group.id;
  if (!group.source.empty()) row["source"] = group.source;
  if (!group.subset.empty()) row["subset"] = group.subset;
  add_prompt(group.prompt, row);
  return row;
}

char outcome_of(const Comparison& c) {
  if (c.weight != 1 || c.margin != 0) return '-';
  if (c.tie == 0 && (c.p == 1 || c.p == 0)) return (c.p == 1) == (c.i < c.j) ? 'W' : 'L';
  return c.tie == 1 && c.p == 0.5F ? 'T' : '-';
}

// The compact form, or "" where it would lose something: weights, soft labels, two comparisons of one pair.
std::string outcomes_of(const Group& group) {
  const size_t count = group.responses.size();
  const size_t pairs = count * (count - 1) / 2;
  if (group.comparisons.size() <= kCompactAbove || pairs > kMaxPairsPerComparison * group.comparisons.size()) return "";
  std::string outcomes(pairs, '-');
  for (const Comparison& c : group.comparisons) {
    const auto low = static_cast<size_t>(std::min(c.i, c.j));
    const auto high = static_cast<size_t>(std::max(c.i, c.j));
    char& cell = outcomes[low * (2 * count - low - 1) / 2 + (high - low - 1)];
    if (cell != '-' || outcome_of(c) == '-') return "";
    cell = outcome_of(c);
  }
  return outcomes;
}

// One row of several: the responses that these comparisons speak of, numbered anew.
ordered_json part_json(const Group& group, size_t begin, size_t end) {
  ordered_json row = head_json(group);
  ordered_json responses = ordered_json::array();
  ordered_json comparisons = ordered_json::array();
  std::unordered_map<int32_t, int32_t> new_index;
  // The first part names all responses, so that their order survives.
  const auto number = [&](int32_t old) {
    const auto [at, is_new] = new_index.emplace(old, static_cast<int32_t>(responses.size()));
    if (is_new) responses.push_back(response_json(group.responses[static_cast<size_t>(old)]));
    return at->second;
  };
  for (int32_t i = 0; begin == 0 && i < static_cast<int32_t>(group.responses.size()); ++i) (void)number(i);
  for (size_t n = begin; n < end; ++n) {
    Comparison c = group.comparisons[n];
    c.i = number(c.i);
    c.j = number(c.j);
    comparisons.push_back(comparison_json(c));
  }
  row["responses"] = std::move(responses);
  if (begin < end) row["comparisons"] = std::move(comparisons);
  return row;
}

std::string line_of(const ordered_json& row) { return row.dump() + "\n"; }

}  // namespace

ordered_json prompt_row(const ordered_json& row, const Prompt& prompt) {
  ordered_json kept = ordered_json::object();
  if (row.contains("id")) kept["id"] = row["id"];
  add_prompt(prompt, kept);
  return kept;
}

std::string canonical_rows(const Group& group) {
  const auto has_names_of_first = [&group](const SourceRow& row) {
    return row.id == group.rows.front().id && row.subset == group.rows.front().subset;
  };
  if (!std::ranges::all_of(group.rows, has_names_of_first)) {
    std::string lines;
    for (const Group& part : by_names(group)) lines += canonical_rows(part);
    return lines;
  }
  std::string outcomes = outcomes_of(group);
  if (!outcomes.empty()) {
    ordered_json row = part_json(group, 0, 0);
    row["outcomes"] = std::move(outcomes);
    return line_of(row);
  }
  std::string lines;
  size_t begin = 0;
  do {
    const size_t end = std::min(begin + kRowComparisons, group.comparisons.size());
    lines += line_of(part_json(group, begin, end));
    begin = end;
  } while (begin < group.comparisons.size());
  return lines;
}

namespace {

const std::string& checked_name(const std::string& path) {
  if (path != "-" && !path.ends_with(".jsonl") && !path.ends_with(".jsonl.gz")) {
    throw ConfigError("cannot write groups: " + path +
                      ": rows are written as JSONL; name the file .jsonl or .jsonl.gz");
  }
  return path;
}

}  // namespace

GroupWriter::GroupWriter(const std::string& path) : writer_(checked_name(path)) {}

void GroupWriter::write(const Group& group) { writer_.write(canonical_rows(group)); }

}  // namespace rondo::data
