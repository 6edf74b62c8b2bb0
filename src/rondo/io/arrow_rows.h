// SPDX-License-Identifier: Apache-2.0
// From Arrow's columns to rows, for the readers of this folder alone (Arrow's headers stay inside io).
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <deque>
#include <memory>
#include <string>

#include "rondo/io/byte_stream.h"
#include "rondo/io/row_reader.h"

namespace rondo::io {

/// One row of a batch. Null cells are left out, at every level: a file has one schema for all of its rows, and pads.
/// Ill-formed UTF-8 becomes the row's problem.
[[nodiscard]] Row row_of_batch(const arrow::RecordBatch& batch, int64_t index);

/// A ByteStream as Arrow's input.
[[nodiscard]] std::shared_ptr<arrow::io::InputStream> arrow_input(std::unique_ptr<ByteStream> stream);

/// The whole stream with random access: the file itself where it is a plain one, memory otherwise.
[[nodiscard]] std::shared_ptr<arrow::io::RandomAccessFile> arrow_file(ByteStream& stream);

/// Throws DataError in the name of a file.
[[noreturn]] void fail_arrow(const std::string& name, const arrow::Status& status);

/// The value, or DataError in the name of the file.
template <typename T>
T value_of(arrow::Result<T> result, const std::string& name) {
  if (!result.ok()) fail_arrow(name, result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace rondo::io
