// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/prompt_identity.h"

#include <string>

namespace rondo::data {
namespace {

// Lengths before texts: no two different lists of texts give the same bytes.
void add_text(std::string& bytes, std::string_view text) {
  bytes += std::to_string(text.size());
  bytes += ':';
  bytes += text;
}

void add_message(std::string& bytes, std::string_view role, std::string_view content, std::string_view extra) {
  add_text(bytes, role);
  add_text(bytes, content);
  add_text(bytes, extra);
}

}  // namespace

Hash128 prompt_identity(const Prompt& prompt) {
  std::string bytes;
  if (prompt.is_plain) add_message(bytes, "user", prompt.text, "");
  for (const Message& message : prompt.messages) add_message(bytes, message.role, message.content, message.extra_json);
  add_text(bytes, "");
  add_text(bytes, prompt.tools_json);
  add_text(bytes, prompt.template_kwargs_json);
  return hash128(bytes);
}

Hash128 response_identity(const Message& response) {
  std::string bytes;
  add_message(bytes, response.role, response.content, response.extra_json);
  return hash128(bytes);
}

Hash128 group_identity(const Hash128& prompt, std::string_view source) {
  std::string bytes(reinterpret_cast<const char*>(prompt.data()), sizeof(Hash128));
  bytes += source;
  return hash128(bytes);
}

}  // namespace rondo::data
