// SPDX-License-Identifier: Apache-2.0
// Rows of data files as JSON objects, one after the other: JSONL, JSON arrays, CSV, TSV, Parquet, Arrow; each plain or
// gzip. Memory is bounded by a row (JSONL, JSON), a block (CSV) or a row group (Parquet), never by the file.
//
// A malformed row does not end the reading: it comes back with a `problem`, and its caller counts it. What makes the
// rest of a file unreadable (damaged compression, a lost quote) is a DataError.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace rondo::io {

struct Row {
  nlohmann::ordered_json object;             // a JSON object; null where there is a problem
  nlohmann::ordered_json spelled = nullptr;  // the object with the digits of the file (RowNumbers::kDigits)
  std::string problem;                       // why the row is malformed, "" where it is not
  std::string file;                          // for messages
  int64_t number = 0;    // from 1: the line of JSONL, the element of an array, the record of CSV (header not counted)
  int64_t argument = 0;  // which of the paths it came from; the files of one folder share one

  /// The object to be given back; io/row_json.h writes it. Most rows spell their numbers as they are written.
  const nlohmann::ordered_json& as_spelled() const { return spelled.is_null() ? object : spelled; }
};

class RowReader {
 public:
  virtual ~RowReader() = default;
  /// The next row, well formed or not; nothing after the last.
  virtual std::optional<Row> next() = 0;
};

/// Rows of all files, in order. A path is a file, "-" (standard input), or a folder, which stands for the data files
/// directly inside, by name. Formats are told by extension, then by content.
/// Throws ResourceError where a path cannot be read, DataError where it holds no rows in a known format.
[[nodiscard]] std::unique_ptr<RowReader> open_rows(const std::vector<std::string>& paths);

}  // namespace rondo::io
