// SPDX-License-Identifier: Apache-2.0
// JSONL: one file, one line for each judged row.
#pragma once

#include "rondo/align/formats/shared/format.h"

namespace rondo::align::formats {

/// row_of makes the line of a row; a null one is left out. A row with the digits of its file is written by
/// io::dump_row.
std::unique_ptr<FormatWriter> open_json_lines(const FormatOptions& options,
                                              nlohmann::ordered_json (*row_of)(const JudgedRow& judged,
                                                                               const FormatOptions& options),
                                              bool has_digits = false);

}  // namespace rondo::align::formats
