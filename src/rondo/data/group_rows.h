// SPDX-License-Identifier: Apache-2.0
// Rows of files as groups, one after the other: renames, shapes, and the bookkeeping of bad rows. Nothing merges: a
// row is a group, its responses in the row's order.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/data/group_store.h"
#include "rondo/io/row_reader.h"

namespace rondo::data {

struct GroupRow {
  io::Row row;  // as it was read, renames applied
  Group group;
  const char* shape = "";
};

class GroupRows {
 public:
  /// Rows of options.files. Throws ConfigError where a rename is malformed, ResourceError where a file is unusable.
  explicit GroupRows(const ReadOptions& options);
  /// Rows from elsewhere, under the same options.
  GroupRows(const ReadOptions& options, std::unique_ptr<io::RowReader> rows);

  /// The next row that can be used; nothing after the last. Throws DataError where more than options.max_bad were bad.
  std::optional<GroupRow> next();
  /// Counts a row that was well formed and still cannot be used.
  void reject(const io::Row& row, const std::string& reason);
  /// Throws DataError where more rows were bad than are allowed, naming the first of them.
  void check() const;

  const ReadReport& report() const { return report_; }

 private:
  std::optional<GroupRow> use(io::Row&& row);
  std::string files() const;
  [[noreturn]] void fail() const;

  ReadOptions options_;
  std::vector<std::pair<std::string, std::string>> renames_;
  std::vector<std::string> sources_;
  std::unique_ptr<io::RowReader> rows_;
  ReadReport report_;
};

}  // namespace rondo::data
