// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/jinja/parser.h"

#include <algorithm>
#include <utility>

#include "rondo/text/jinja/expression_parser.h"
#include "rondo/text/jinja/token_stream.h"

namespace rondo::text::jinja {
namespace {

using Ends = std::vector<std::string_view>;
using StatementPtr = std::unique_ptr<Statement>;

class Parser {
 public:
  explicit Parser(std::string_view source) : in_(tokenize(source)), expressions_(in_) {}

  Body run() {
    Body body = parse_body({});
    if (!in_.at(TokenKind::kEnd)) in_.fail("a tag that ends nothing");
    return body;
  }

 private:
  StatementPtr make(StatementKind kind) const {
    auto statement = std::make_unique<Statement>();
    statement->kind = kind;
    statement->line = in_.current().line;
    return statement;
  }

  // Statements up to a tag whose name is among `ends`; the stream then stands at that name.
  Body parse_body(const Ends& ends) {
    if (++depth_ > kMaxParseDepth) in_.fail("blocks nested too deep");
    Body body;
    while (!in_.at(TokenKind::kEnd)) {
      if (in_.at(TokenKind::kData)) {
        StatementPtr data = make(StatementKind::kData);
        data->text = in_.take().text;
        body.push_back(std::move(data));
      } else if (in_.at(TokenKind::kVariableBegin)) {
        in_.take();
        StatementPtr print = make(StatementKind::kPrint);
        print->value = expressions_.parse_tuple(true);
        in_.expect(TokenKind::kVariableEnd, "}}");
        body.push_back(std::move(print));
      } else {
        in_.expect(TokenKind::kBlockBegin, "a tag");
        if (std::any_of(ends.begin(), ends.end(), [this](std::string_view end) { return in_.at_name(end); })) break;
        body.push_back(parse_statement());
        in_.expect(TokenKind::kBlockEnd, "%}");
      }
    }
    if (in_.at(TokenKind::kEnd) && !ends.empty())
      in_.fail("the template ends inside a block; expected " + std::string(ends.back()));
    --depth_;
    return body;
  }

  // The body behind the current tag's end, and the tag that ends it.
  Body parse_block(const Ends& ends) {
    in_.expect(TokenKind::kBlockEnd, "%}");
    return parse_body(ends);
  }
  Body parse_whole_block(std::string_view end) {
    Body body = parse_block({end});
    in_.take();
    return body;
  }

  StatementPtr parse_statement() {
    struct Row {
      std::string_view name;
      StatementPtr (Parser::*parse)();
    };
    static constexpr Row kRows[] = {
        {"if", &Parser::parse_if},
        {"for", &Parser::parse_for},
        {"set", &Parser::parse_set},
        {"macro", &Parser::parse_macro},
        {"call", &Parser::parse_call},
        {"filter", &Parser::parse_filter},
        {"with", &Parser::parse_with},
        {"generation", &Parser::parse_generation},
        {"block", &Parser::parse_named_block},
        {"autoescape", &Parser::parse_autoescape},
        {"print", &Parser::parse_print},
        {"break", &Parser::parse_break},
        {"continue", &Parser::parse_continue},
        {"include", &Parser::parse_loader},
        {"import", &Parser::parse_loader},
        {"from", &Parser::parse_loader},
        {"extends", &Parser::parse_loader},
    };
    for (const Row& row : kRows) {
      if (in_.at_name(row.name)) return (this->*row.parse)();
    }
    in_.fail("unknown tag");
  }

  StatementPtr parse_if() {
    StatementPtr node = make(StatementKind::kIf);
    while (in_.at_name("if") || in_.at_name("elif")) {
      in_.take();
      node->conditions.push_back(expressions_.parse_tuple(false));
      node->bodies.push_back(parse_block({"elif", "else", "endif"}));
    }
    if (in_.skip_name("else")) node->bodies.push_back(parse_block({"endif"}));
    if (!in_.skip_name("endif")) in_.fail("expected endif");
    return node;
  }

  StatementPtr parse_for() {
    StatementPtr node = make(StatementKind::kFor);
    in_.take();
    node->target = expressions_.parse_target(true, "in");
    if (!in_.skip_name("in")) in_.fail("expected in");
    node->value = expressions_.parse_tuple(false, "recursive");
    if (in_.skip_name("if")) node->condition = expressions_.parse();
    node->is_recursive = in_.skip_name("recursive");
    ++loops_;
    node->bodies.push_back(parse_block({"endfor", "else"}));
    --loops_;
    if (in_.skip_name("else")) node->bodies.push_back(parse_block({"endfor"}));
    if (!in_.skip_name("endfor")) in_.fail("expected endfor");
    return node;
  }

  StatementPtr parse_set() {
    StatementPtr node = make(StatementKind::kSet);
    in_.take();
    node->target = expressions_.parse_target(true);
    if (in_.skip_operator("=")) {
      node->value = expressions_.parse_tuple(true);
      return node;
    }
    node->kind = StatementKind::kSetBlock;
    if (in_.at_operator("|")) node->value = expressions_.parse_filters(nullptr, false);
    node->bodies.push_back(parse_whole_block("endset"));
    return node;
  }

  void parse_signature(Statement& node) {
    in_.expect_operator("(");
    while (!in_.at_operator(")")) {
      if (!node.parameters.empty()) in_.expect_operator(",");
      if (in_.at_operator(")")) break;
      Parameter parameter{in_.expect_name(), nullptr};
      if (in_.skip_operator("=")) {
        parameter.default_value = expressions_.parse();
      } else if (!node.parameters.empty() && node.parameters.back().default_value) {
        in_.fail("a parameter without default behind one with a default");
      }
      node.parameters.push_back(std::move(parameter));
    }
    in_.expect_operator(")");
  }

  // A body that becomes a function: break and continue do not reach out of it.
  void parse_function_body(Statement& node, std::string_view end) {
    const int outer_loops = std::exchange(loops_, 0);
    const ExpressionParser::Seen outer = std::exchange(expressions_.seen, {});
    node.bodies.push_back(parse_whole_block(end));
    ExpressionParser::Seen& seen = expressions_.seen;
    node.uses_caller = seen.caller;
    node.uses_kwargs = seen.kwargs;
    node.uses_varargs = seen.varargs;
    seen = {outer.caller || seen.caller, outer.kwargs || seen.kwargs, outer.varargs || seen.varargs};
    loops_ = outer_loops;
  }

  StatementPtr parse_macro() {
    StatementPtr node = make(StatementKind::kMacro);
    in_.take();
    node->name = in_.expect_name();
    parse_signature(*node);
    parse_function_body(*node, "endmacro");
    return node;
  }

  StatementPtr parse_call() {
    StatementPtr node = make(StatementKind::kCall);
    in_.take();
    if (in_.at_operator("(")) parse_signature(*node);
    node->value = expressions_.parse();
    if (node->value->kind != ExpressionKind::kCall) in_.fail("expected a call");
    parse_function_body(*node, "endcall");
    return node;
  }

  StatementPtr parse_filter() {
    StatementPtr node = make(StatementKind::kFilter);
    in_.take();
    node->value = expressions_.parse_filters(nullptr, true);
    node->bodies.push_back(parse_whole_block("endfilter"));
    return node;
  }

  StatementPtr parse_with() {
    StatementPtr node = make(StatementKind::kWith);
    in_.take();
    while (!in_.at(TokenKind::kBlockEnd)) {
      if (!node->assignments.empty()) in_.expect_operator(",");
      ExpressionPtr target = expressions_.parse_target(false);
      in_.expect_operator("=");
      node->assignments.emplace_back(std::move(target), expressions_.parse());
    }
    node->bodies.push_back(parse_whole_block("endwith"));
    return node;
  }

  StatementPtr parse_generation() {
    StatementPtr node = make(StatementKind::kGeneration);
    in_.take();
    parse_function_body(*node, "endgeneration");
    return node;
  }

  StatementPtr parse_named_block() {
    StatementPtr node = make(StatementKind::kScope);
    in_.take();
    node->name = in_.expect_name();
    while (in_.skip_name("scoped") || in_.skip_name("required")) {
    }
    in_.expect(TokenKind::kBlockEnd, "%}");
    node->bodies.push_back(parse_body({"endblock"}));
    in_.take();
    in_.skip_name(node->name);
    return node;
  }

  StatementPtr parse_autoescape() {
    StatementPtr node = make(StatementKind::kScope);
    in_.take();
    node->value = expressions_.parse();
    node->bodies.push_back(parse_whole_block("endautoescape"));
    return node;
  }

  StatementPtr parse_print() {
    StatementPtr node = make(StatementKind::kPrint);
    in_.take();
    node->value = expressions_.parse_tuple(true);
    return node;
  }

  StatementPtr parse_break() { return parse_jump(StatementKind::kBreak); }
  StatementPtr parse_continue() { return parse_jump(StatementKind::kContinue); }
  StatementPtr parse_jump(StatementKind kind) {
    if (loops_ == 0) in_.fail("outside of a loop");
    StatementPtr node = make(kind);
    in_.take();
    return node;
  }

  StatementPtr parse_loader() {
    StatementPtr node = make(StatementKind::kUnsupported);
    node->name = in_.take().text;
    while (!in_.at(TokenKind::kBlockEnd) && !in_.at(TokenKind::kEnd)) in_.take();
    return node;
  }

  TokenStream in_;
  ExpressionParser expressions_;
  int depth_ = 0;
  int loops_ = 0;
};

}  // namespace

Body parse_template(std::string_view source) { return Parser(source).run(); }

}  // namespace rondo::text::jinja
