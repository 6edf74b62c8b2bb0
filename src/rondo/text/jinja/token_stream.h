// SPDX-License-Identifier: Apache-2.0
// A place in the tokens, with what both halves of the parser ask of it.
#pragma once

#include <string>
#include <vector>

#include "rondo/text/jinja/lexer.h"

namespace rondo::text::jinja {

/// Deeper nesting is refused: no published template comes near, and the tree is walked by recursion.
inline constexpr int kMaxParseDepth = 150;

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[pos_]; }
  const Token& ahead() const { return tokens_[std::min(pos_ + 1, tokens_.size() - 1)]; }
  Token take() {
    Token token = tokens_[pos_];
    if (pos_ + 1 < tokens_.size()) ++pos_;
    return token;
  }
  bool at_operator(std::string_view op) const { return current().is_operator(op); }
  bool at_name(std::string_view name) const { return current().is_name(name); }
  bool at(TokenKind kind) const { return current().kind == kind; }

  bool skip_operator(std::string_view op) {
    if (!at_operator(op)) return false;
    take();
    return true;
  }
  bool skip_name(std::string_view name) {
    if (!at_name(name)) return false;
    take();
    return true;
  }
  void expect_operator(const std::string& op) {
    if (!skip_operator(op)) fail("expected '" + op + "'");
  }
  std::string expect_name() {
    if (!at(TokenKind::kName)) fail("expected a name");
    return take().text;
  }
  void expect(TokenKind kind, const char* what) {
    if (!at(kind)) fail(std::string("expected ") + what);
    take();
  }
  [[noreturn]] void fail(const std::string& fact) const {
    fail_syntax(current().line, fact + (current().text.empty() ? "" : " near '" + current().text.substr(0, 40) + "'"));
  }

 private:
  std::vector<Token> tokens_;
  size_t pos_ = 0;
};

}  // namespace rondo::text::jinja
