// SPDX-License-Identifier: Apache-2.0
// JSON objects into a Parquet file, by Arrow. Columns and their types are those of the first row; memory holds one row
// group. The file appears whole or not at all.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>

namespace rondo::io {

class ParquetWriter {
 public:
  /// Throws ResourceError where the file cannot be written.
  explicit ParquetWriter(const std::filesystem::path& path);
  ~ParquetWriter();
  ParquetWriter(const ParquetWriter&) = delete;
  ParquetWriter& operator=(const ParquetWriter&) = delete;

  /// Throws DataError where the row has a column of another type than the first, or one that the first has not.
  void write(const nlohmann::ordered_json& row);
  /// A file without rows has no columns.
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rondo::io
