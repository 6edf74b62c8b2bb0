// SPDX-License-Identifier: Apache-2.0
// Template source -> tokens, with trim_blocks, lstrip_blocks and one trailing newline dropped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rondo::text::jinja {

enum class TokenKind {
  kData,
  kBlockBegin,
  kBlockEnd,
  kVariableBegin,
  kVariableEnd,
  kName,
  kString,
  kInteger,
  kFloat,
  kOperator,
  kEnd
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // of strings: without quotes, escapes resolved
  int line = 0;

  bool is_operator(std::string_view op) const { return kind == TokenKind::kOperator && text == op; }
  bool is_name(std::string_view name) const { return kind == TokenKind::kName && text == name; }
};

/// Throws ModelError where the source is not a template.
std::vector<Token> tokenize(std::string_view source);

[[noreturn]] void fail_syntax(int line, const std::string& fact);

}  // namespace rondo::text::jinja
