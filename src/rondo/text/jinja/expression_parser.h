// SPDX-License-Identifier: Apache-2.0
// Expressions by recursive descent, weakest binding first:
//   conditional, or, and, not, comparison, + -, ~, * / // %, **, unary - +, attribute, item, call, filter, test.
#pragma once

#include "rondo/text/jinja/ast.h"
#include "rondo/text/jinja/token_stream.h"

namespace rondo::text::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& stream) : in_(stream) {}

  ExpressionPtr parse(bool with_conditional = true);
  /// An expression, or several with commas between as a tuple. Ends before the end of the tag, `)` and the name `stop`.
  ExpressionPtr parse_tuple(bool with_conditional, std::string_view stop = "");
  /// A name, an attribute of a namespace, or a tuple of names.
  ExpressionPtr parse_target(bool allow_tuple, std::string_view stop = "");
  CallArguments parse_arguments();
  /// |a|b(1) applied to `inner`, which may be null.
  ExpressionPtr parse_filters(ExpressionPtr inner, bool starts_inside);
  ExpressionPtr parse_unary(bool with_filters);

  /// Which of a macro's implicit variables were named since the caller last cleared this.
  struct Seen {
    bool caller = false;
    bool kwargs = false;
    bool varargs = false;
  };
  Seen seen;

 private:
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_compare();
  std::string take_comparison();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concat();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_primary();
  ExpressionPtr parse_number();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_postfix(ExpressionPtr node);
  ExpressionPtr parse_postfix_and_filters(ExpressionPtr node);
  ExpressionPtr parse_subscript(ExpressionPtr node);
  ExpressionPtr parse_subscripted();
  ExpressionPtr parse_call(ExpressionPtr node);
  ExpressionPtr parse_test(ExpressionPtr node);
  bool at_tuple_end(std::string_view stop) const;
  ExpressionPtr make(ExpressionKind kind) const;

  TokenStream& in_;
  int depth_ = 0;
};

}  // namespace rondo::text::jinja
