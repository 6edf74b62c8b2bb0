// SPDX-License-Identifier: Apache-2.0
// JSONL: one file, one line for each judged row.
#pragma once

#include "rondo/align/formats/shared/format.h"

namespace rondo::align::formats {

/// row_of makes the line of a row; a null one is left out.
std::unique_ptr<FormatWriter> open_json_lines(const FormatOptions& options,
                                              nlohmann::ordered_json (*row_of)(const JudgedRow& judged,
                                                                               const FormatOptions& options));

}  // namespace rondo::align::formats
