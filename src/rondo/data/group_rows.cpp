// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/group_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/data/row_shapes.h"

namespace rondo::data {
namespace {

// How many bad rows a message names, and how often progress is told.
constexpr size_t kNamedRows = 5;
constexpr int64_t kProgressRows = 4096;

using Renames = std::vector<std::pair<std::string, std::string>>;

Renames parse_renames(const std::vector<std::string>& texts) {
  Renames renames;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
      throw ConfigError(
          fmt::format("cannot rename: '{}': not of the form OLD=NEW; write `rename` question=prompt", text));
    }
    renames.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return renames;
}

// The column keeps its place. The new name wins over a column that had it before: that is what the caller asked for.
void rename_column(const std::string& from, const std::string& to, nlohmann::ordered_json& row) {
  if (from == to || !row.contains(from)) return;
  nlohmann::ordered_json renamed = nlohmann::ordered_json::object();
  for (auto& [key, value] : row.items()) {
    if (key != to) renamed[key == from ? to : key] = std::move(value);
  }
  row = std::move(renamed);
}

void apply_renames(const Renames& renames, nlohmann::ordered_json& row) {
  for (const auto& [from, to] : renames) rename_column(from, to, row);
}

std::string items_message(const ShapeEntry& shape) {
  return fmt::format(
      "the row names items and holds no text ({}), and models read texts; give the two answers, as "
      "'response_a' and 'response_b' or as conversations",
      shape.summary);
}

std::string unlabelled_message(const nlohmann::ordered_json& row) {
  std::vector<std::string> nulls;
  for (const auto& [key, value] : row.items()) {
    if (value.is_null()) nulls.push_back(key);
  }
  const std::string fact = nulls.empty() ? "" : fmt::format(" (null are '{}')", fmt::join(nulls, "', '"));
  return fmt::format("no comparison{}: add comparisons, outcomes, a table or a ranking, or leave the row out", fact);
}

// "hh.train" for /data/hh.train.jsonl.gz: what a row without `source` gets. The whole path where two names are equal.
std::vector<std::string> source_names(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& file : files) {
    std::filesystem::path name = std::filesystem::path(file).lexically_normal();
    name = name.has_filename() ? name.filename() : name.parent_path().filename();
    if (name.extension() == ".gz") name = name.stem();
    names.push_back(file == "-" ? "stdin" : name.stem().string());
  }
  std::vector<std::string> distinct = names;
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::count(names.begin(), names.end(), names[i]) > 1) distinct[i] = files[i];
  }
  return distinct;
}

}  // namespace

GroupRows::GroupRows(const ReadOptions& options) : GroupRows(options, io::open_rows(options.files)) {}

GroupRows::GroupRows(const ReadOptions& options, std::unique_ptr<io::RowReader> rows)
    : options_(options),
      renames_(parse_renames(options.renames)),
      sources_(source_names(options.files)),
      rows_(std::move(rows)) {}

std::optional<GroupRow> GroupRows::next() {
  while (auto row = rows_->next()) {
    ++report_.rows;
    std::optional<GroupRow> used = use(std::move(*row));
    if (report_.rows % kProgressRows == 0) options_.progress(report_.rows, 0, "rows");
    if (report_.bad_rows > options_.max_bad && report_.first_bad_rows.size() >= kNamedRows) fail();
    if (used) return used;
  }
  check();
  return std::nullopt;
}

void GroupRows::check() const {
  const bool all_bad = report_.bad_rows == report_.rows && options_.max_bad != kAnyBadRows;
  if (report_.bad_rows > options_.max_bad || (all_bad && report_.rows > 0)) fail();
  if (report_.rows == 0) throw DataError("no data: " + files() + ": there are no rows; name files with rows");
}

std::optional<GroupRow> GroupRows::use(io::Row&& row) {
  if (!row.problem.empty()) {
    reject(row, row.problem);
    return std::nullopt;
  }
  try {
    apply_renames(renames_, row.object);
    if (!row.spelled.is_null()) apply_renames(renames_, row.spelled);
    const ShapeEntry& shape = shape_of(row.object);
    std::vector<std::string> unread;
    Group group = read_row(shape, row.object, &unread);
    if (shape.names_items && !options_.allow_items) throw DataError(items_message(shape));
    if (group.comparisons.empty() && !options_.allow_unlabelled) throw DataError(unlabelled_message(row.object));
    for (const std::string& column : unread) ++report_.unread_columns[column];
    if (group.source.empty()) group.source = sources_[static_cast<size_t>(row.argument)];
    return GroupRow{.row = std::move(row), .group = std::move(group), .shape = shape.name};
  } catch (const DataError& error) {
    reject(row, error.what());
    return std::nullopt;
  }
}

void GroupRows::reject(const io::Row& row, const std::string& reason) {
  ++report_.bad_rows;
  BadRow bad{.file = row.file, .row = row.number, .reason = reason};
  if (options_.on_bad_row) options_.on_bad_row(bad);
  if (report_.first_bad_rows.size() < kKeptBadRows) report_.first_bad_rows.push_back(std::move(bad));
}

std::string GroupRows::files() const {
  std::string names;
  for (const std::string& file : options_.files) names += (names.empty() ? "" : ", ") + file;
  return names;
}

void GroupRows::fail() const {
  std::string message = fmt::format("bad rows: {}: {} of the first {} rows cannot be used, {} are allowed;", files(),
                                    report_.bad_rows, report_.rows, options_.max_bad);
  for (size_t n = 0; n < std::min(report_.first_bad_rows.size(), kNamedRows); ++n) {
    const BadRow& bad = report_.first_bad_rows[n];
    message += fmt::format("\n  {}: row {}: {}", bad.file, bad.row, bad.reason);
  }
  throw DataError(message + "\ncorrect them, or allow some with `max_bad`; `rondo data check` lists them all");
}

}  // namespace rondo::data
