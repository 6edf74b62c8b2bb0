// SPDX-License-Identifier: Apache-2.0
// Blotto groups as canonical rows: {"prompt", "responses", "outcomes", "id"} (one JSON object per line).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "examples/blotto/game.h"

namespace blotto {

/// Plans under one rule. `prompt` is what the row says, which for a control row is not what the rule says.
struct Field {
  Rule rule;
  std::vector<Plan> plans;
  std::string prompt;
  std::string id;
};

/// Writes one row per field. Throws ResourceError where the file cannot be written.
void write_fields(const std::string& path, const std::vector<Field>& fields);

/// Reads rows that write_fields wrote; rules come from the prompts. Throws DataError with file and line.
std::vector<Field> read_fields(const std::string& path, int soldiers);

}  // namespace blotto
