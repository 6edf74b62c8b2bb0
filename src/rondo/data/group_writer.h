// SPDX-License-Identifier: Apache-2.0
// Groups as canonical rows, one JSON object per line. Reading them back gives the same groups.
//
// Many plain outcomes are written compactly ("outcomes", one character per pair); very many other comparisons are
// spread over several rows of the same prompt, which merge when they are read. Rows that merged and have ids or subsets
// of their own are rows of their own again.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "rondo/core/group.h"
#include "rondo/io/text_writer.h"

namespace rondo::data {

class GroupWriter {
 public:
  /// path: .jsonl or .jsonl.gz, or "-". Throws ConfigError for another name, ResourceError where it cannot be written.
  explicit GroupWriter(const std::string& path);

  void write(const Group& group);
  /// Without it no file appears.
  void commit() { writer_.commit(); }

 private:
  io::TextWriter writer_;
};

/// The lines of a group, each with its line end.
[[nodiscard]] std::string canonical_rows(const Group& group);

/// {"id", "prompt" | "messages", "tools", "chat_template_kwargs"}: the id as the row spells it, and the prompt whatever
/// the columns that it was read from.
[[nodiscard]] nlohmann::ordered_json prompt_row(const nlohmann::ordered_json& row, const Prompt& prompt);

/// {"role", "content", ...} as it was read.
[[nodiscard]] nlohmann::ordered_json message_json(const Message& message);

}  // namespace rondo::data
