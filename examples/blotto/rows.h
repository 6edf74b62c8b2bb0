// SPDX-License-Identifier: Apache-2.0
// Blotto groups as canonical rows: {"prompt", "responses", "outcomes", "id"} (one JSON object per line).
// Files appear whole or not at all: a script that is called again takes a file that is there for a finished one.
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

/// Writes every line and its end. Throws ResourceError where the file cannot be written.
void write_lines(const std::string& path, const std::vector<std::string>& lines);

/// Writes one row per field. Throws ResourceError where the file cannot be written.
void write_fields(const std::string& path, const std::vector<Field>& fields);

/// Reads rows that write_fields wrote; rules come from the prompts. Throws DataError with file and line.
std::vector<Field> read_fields(const std::string& path, int soldiers);

}  // namespace blotto
