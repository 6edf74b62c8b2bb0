// SPDX-License-Identifier: Apache-2.0
// responses_0.json, responses_1.json, ... of the SPPO and GPM pipelines: file i holds the i-th response to every
// prompt, a list of texts in the order of the prompts. Read beside a file of prompts, row by row.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rondo/io/row_reader.h"

namespace rondo::align::formats {

/// Rows of `prompts` with `responses` added. `paths` are the files in order, or one folder that holds them by those
/// names. Throws ResourceError where a file cannot be read, DataError where one is not a list of texts or the numbers
/// of prompts and responses differ (the latter when the prompts end).
std::unique_ptr<io::RowReader> join_responses(std::unique_ptr<io::RowReader> prompts,
                                              const std::vector<std::string>& paths);

}  // namespace rondo::align::formats
