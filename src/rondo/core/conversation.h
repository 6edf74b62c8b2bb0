// SPDX-License-Identifier: Apache-2.0
// Messages and prompts, as data files and chat templates know them.
#pragma once

#include <string>
#include <vector>

namespace rondo {

/// One turn. `extra_json` holds the other keys of the message object (tool_calls, name, reasoning_content, content as a
/// list of parts) as JSON text, "" where there are none: templates see them, nothing else does.
struct Message {
  std::string role;
  std::string content;
  std::string extra_json;

  bool operator==(const Message&) const = default;
};

/// What a response answers: a plain text, or turns with optional tools and template arguments (JSON text, "" = none).
/// `is_plain` says which of the two it is. A transcript that was cut into turns keeps its own text beside them, which
/// models without a chat template read.
struct Prompt {
  bool is_plain = true;
  std::string text;
  std::vector<Message> messages;
  std::string tools_json;
  std::string template_kwargs_json;

  bool operator==(const Prompt&) const = default;
};

}  // namespace rondo
