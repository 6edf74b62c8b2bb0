// SPDX-License-Identifier: Apache-2.0
// One reader per format, for row_reader.cpp alone. Each sets number and problem or object; file and argument are filled
// by its caller.
#pragma once

#include "rondo/io/byte_stream.h"
#include "rondo/io/row_reader.h"

namespace rondo::io {

/// Longer rows are a damaged file or one without line ends: reading on would take all memory.
inline constexpr size_t kMaxRowBytes = size_t{1} << 30;

[[nodiscard]] std::unique_ptr<RowReader> read_json_lines(std::unique_ptr<ByteStream> stream);
/// An array of objects, or objects one after the other.
[[nodiscard]] std::unique_ptr<RowReader> read_json_array(std::unique_ptr<ByteStream> stream);
[[nodiscard]] std::unique_ptr<RowReader> read_csv(std::unique_ptr<ByteStream> stream, char delimiter);
[[nodiscard]] std::unique_ptr<RowReader> read_parquet(std::unique_ptr<ByteStream> stream);
/// Arrow IPC, file or stream form (what Hugging Face `save_to_disk` writes).
[[nodiscard]] std::unique_ptr<RowReader> read_arrow(std::unique_ptr<ByteStream> stream);

/// Fills object or problem from the text of one JSON value.
void set_json(Row& row, std::string_view text);

}  // namespace rondo::io
