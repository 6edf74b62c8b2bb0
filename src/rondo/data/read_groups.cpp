// SPDX-License-Identifier: Apache-2.0
// Rows of files into a GroupStore, where rows with the same prompt merge.
#include <fmt/format.h>

#include "rondo/base/error.h"
#include "rondo/data/group_rows.h"

namespace rondo::data {

GroupStore read_groups(const ReadOptions& options) {
  GroupRows rows(options);
  GroupStoreBuilder builder(options.spool_folder);
  std::map<std::string, int64_t> rows_of_shape;
  while (auto item = rows.next()) {
    try {
      // Files never merge, whatever their rows call themselves.
      const std::string key = fmt::format("{}\n{}", item->row.argument, item->group.source);
      builder.add(std::move(item->group), key, fmt::format("{}: row {}", item->row.file, item->row.number));
      ++rows_of_shape[item->shape];
    } catch (const DataError& error) {
      rows.reject(item->row, error.what());
    }
  }
  rows.check();
  ReadReport report = rows.report();
  report.rows_of_shape = std::move(rows_of_shape);
  return builder.finish(std::move(report));
}

}  // namespace rondo::data
