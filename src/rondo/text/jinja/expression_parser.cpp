// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/jinja/expression_parser.h"

#include <charconv>
#include <utility>

namespace rondo::text::jinja {
namespace {

// Chains of one operator or of filters are walked in a loop, but destroyed by recursion over their nesting.
constexpr size_t kMaxChain = 2000;

class DepthGuard {
 public:
  DepthGuard(int& depth, const TokenStream& in) : depth_(depth) {
    if (++depth_ > kMaxParseDepth) in.fail("expressions nested too deep");
  }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  int& depth_;
};

ExpressionPtr wrap(ExpressionKind kind, ExpressionPtr inner) {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = inner->line;
  node->parts.push_back(std::move(inner));
  return node;
}

}  // namespace

ExpressionPtr ExpressionParser::make(ExpressionKind kind) const {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = in_.current().line;
  return node;
}

ExpressionPtr ExpressionParser::parse(bool with_conditional) {
  const DepthGuard guard(depth_, in_);
  ExpressionPtr node = parse_or();
  for (size_t count = 0; with_conditional && in_.at_name("if"); ++count) {
    if (count > kMaxParseDepth) in_.fail("expressions nested too deep");
    ExpressionPtr choice = make(ExpressionKind::kConditional);
    in_.take();
    ExpressionPtr condition = parse_or();
    ExpressionPtr otherwise = in_.skip_name("else") ? parse() : nullptr;
    choice->parts.push_back(std::move(node));
    choice->parts.push_back(std::move(condition));
    choice->parts.push_back(std::move(otherwise));
    node = std::move(choice);
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_or() {
  ExpressionPtr node = parse_and();
  if (!in_.at_name("or")) return node;
  node = wrap(ExpressionKind::kOr, std::move(node));
  while (in_.skip_name("or")) node->parts.push_back(parse_and());
  return node;
}

ExpressionPtr ExpressionParser::parse_and() {
  ExpressionPtr node = parse_not();
  if (!in_.at_name("and")) return node;
  node = wrap(ExpressionKind::kAnd, std::move(node));
  while (in_.skip_name("and")) node->parts.push_back(parse_not());
  return node;
}

ExpressionPtr ExpressionParser::parse_not() {
  if (!in_.at_name("not")) return parse_compare();
  const DepthGuard guard(depth_, in_);
  in_.take();
  return wrap(ExpressionKind::kNot, parse_not());
}

std::string ExpressionParser::take_comparison() {
  for (const char* const known : {"==", "!=", "<", "<=", ">", ">="}) {
    if (in_.skip_operator(known)) return known;
  }
  if (in_.skip_name("in")) return "in";
  if (!in_.at_name("not") || !in_.ahead().is_name("in")) return "";
  in_.take();
  in_.take();
  return "not in";
}

ExpressionPtr ExpressionParser::parse_compare() {
  ExpressionPtr first = parse_sum();
  std::string op = take_comparison();
  if (op.empty()) return first;
  ExpressionPtr chain = wrap(ExpressionKind::kCompare, std::move(first));
  for (; !op.empty(); op = take_comparison()) {
    chain->operators.push_back(op);
    chain->parts.push_back(parse_sum());
  }
  return chain;
}

ExpressionPtr ExpressionParser::parse_sum() {
  ExpressionPtr node = parse_concat();
  if (!in_.at_operator("+") && !in_.at_operator("-")) return node;
  node = wrap(ExpressionKind::kChain, std::move(node));
  while (in_.at_operator("+") || in_.at_operator("-")) {
    node->operators.push_back(in_.take().text);
    node->parts.push_back(parse_concat());
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_concat() {
  ExpressionPtr node = parse_product();
  if (!in_.at_operator("~")) return node;
  node = wrap(ExpressionKind::kConcat, std::move(node));
  while (in_.skip_operator("~")) node->parts.push_back(parse_product());
  return node;
}

ExpressionPtr ExpressionParser::parse_product() {
  const auto at_product = [this] {
    return in_.at_operator("*") || in_.at_operator("/") || in_.at_operator("//") || in_.at_operator("%");
  };
  ExpressionPtr node = parse_power();
  if (!at_product()) return node;
  node = wrap(ExpressionKind::kChain, std::move(node));
  while (at_product()) {
    node->operators.push_back(in_.take().text);
    node->parts.push_back(parse_power());
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_power() {
  ExpressionPtr node = parse_unary(true);
  if (!in_.at_operator("**")) return node;
  node = wrap(ExpressionKind::kChain, std::move(node));
  while (in_.at_operator("**")) {
    node->operators.push_back(in_.take().text);
    node->parts.push_back(parse_unary(true));
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_unary(bool with_filters) {
  const DepthGuard guard(depth_, in_);
  ExpressionPtr node;
  if (in_.skip_operator("-")) {
    node = wrap(ExpressionKind::kNegate, parse_unary(false));
  } else if (in_.skip_operator("+")) {
    node = wrap(ExpressionKind::kPositive, parse_unary(false));
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return with_filters ? parse_postfix_and_filters(std::move(node)) : std::move(node);
}

ExpressionPtr ExpressionParser::parse_primary() {
  ExpressionPtr node = make(ExpressionKind::kConstant);
  if (in_.at(TokenKind::kName)) {
    const std::string name = in_.take().text;
    if (name == "true" || name == "True" || name == "false" || name == "False") {
      node->value = Value::boolean(name == "true" || name == "True");
    } else if (name == "none" || name == "None") {
      node->value = Value::none();
    } else {
      node->kind = ExpressionKind::kName;
      node->name = name;
      seen.caller = seen.caller || name == "caller";
      seen.kwargs = seen.kwargs || name == "kwargs";
      seen.varargs = seen.varargs || name == "varargs";
    }
    return node;
  }
  if (in_.at(TokenKind::kString)) {
    std::string text;
    while (in_.at(TokenKind::kString)) text += in_.take().text;
    node->value = Value::string(std::move(text));
    return node;
  }
  if (in_.at(TokenKind::kInteger) || in_.at(TokenKind::kFloat)) return parse_number();
  if (in_.skip_operator("(")) {
    const bool is_empty = in_.at_operator(")");
    if (is_empty) node->kind = ExpressionKind::kTuple;
    if (!is_empty) node = parse_tuple(true);
    in_.expect_operator(")");
    return node;
  }
  if (in_.at_operator("[")) return parse_list();
  if (in_.at_operator("{")) return parse_dict();
  in_.fail("expected an expression");
}

ExpressionPtr ExpressionParser::parse_number() {
  ExpressionPtr node = make(ExpressionKind::kConstant);
  const Token token = in_.take();
  if (token.kind == TokenKind::kFloat) {
    double value = 0;
    std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
    node->value = Value::real(value);
    return node;
  }
  int base = 10;
  std::string digits = token.text;
  if (digits.size() > 2 && digits[0] == '0') {
    const char mark = static_cast<char>(digits[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    if (base != 10) digits.erase(0, 2);
  }
  int64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (result.ec != std::errc() || result.ptr != digits.data() + digits.size()) in_.fail("a number out of range");
  node->value = Value::integer(value);
  return node;
}

ExpressionPtr ExpressionParser::parse_list() {
  ExpressionPtr node = make(ExpressionKind::kList);
  in_.expect_operator("[");
  while (!in_.at_operator("]")) {
    if (!node->parts.empty()) in_.expect_operator(",");
    if (in_.at_operator("]")) break;
    node->parts.push_back(parse());
  }
  in_.expect_operator("]");
  return node;
}

ExpressionPtr ExpressionParser::parse_dict() {
  ExpressionPtr node = make(ExpressionKind::kDict);
  in_.expect_operator("{");
  while (!in_.at_operator("}")) {
    if (!node->parts.empty()) in_.expect_operator(",");
    if (in_.at_operator("}")) break;
    node->parts.push_back(parse());
    in_.expect_operator(":");
    node->parts.push_back(parse());
  }
  in_.expect_operator("}");
  return node;
}

bool ExpressionParser::at_tuple_end(std::string_view stop) const {
  return in_.at(TokenKind::kVariableEnd) || in_.at(TokenKind::kBlockEnd) || in_.at_operator(")") ||
         (!stop.empty() && in_.at_name(stop));
}

ExpressionPtr ExpressionParser::parse_tuple(bool with_conditional, std::string_view stop) {
  ExpressionPtr first = parse(with_conditional);
  if (!in_.at_operator(",")) return first;
  ExpressionPtr node = wrap(ExpressionKind::kTuple, std::move(first));
  while (in_.skip_operator(",")) {
    if (at_tuple_end(stop)) break;
    node->parts.push_back(parse(with_conditional));
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_target(bool allow_tuple, std::string_view stop) {
  const auto one = [this]() -> ExpressionPtr {
    const DepthGuard guard(depth_, in_);
    if (in_.skip_operator("(")) {
      ExpressionPtr inner = parse_target(true);
      in_.expect_operator(")");
      return inner;
    }
    ExpressionPtr node = make(ExpressionKind::kName);
    node->name = in_.expect_name();
    if (!in_.skip_operator(".")) return node;
    node = wrap(ExpressionKind::kAttribute, std::move(node));
    node->name = in_.expect_name();
    return node;
  };
  ExpressionPtr node = one();
  if (!allow_tuple || !in_.at_operator(",")) return node;
  node = wrap(ExpressionKind::kTuple, std::move(node));
  while (in_.skip_operator(",")) {
    if (at_tuple_end(stop)) break;
    node->parts.push_back(one());
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr node) {
  for (size_t count = 0;; ++count) {
    if (count > kMaxChain) in_.fail("expressions nested too deep");
    if (in_.at_operator(".") || in_.at_operator("[")) {
      node = parse_subscript(std::move(node));
    } else if (in_.at_operator("(")) {
      node = parse_call(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::parse_postfix_and_filters(ExpressionPtr node) {
  for (size_t count = 0;; ++count) {
    if (count > kMaxChain) in_.fail("expressions nested too deep");
    if (in_.at_operator("|")) {
      node = parse_filters(std::move(node), false);
    } else if (in_.at_name("is")) {
      node = parse_test(std::move(node));
    } else if (in_.at_operator("(")) {
      node = parse_call(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::parse_filters(ExpressionPtr inner, bool starts_inside) {
  for (size_t count = 0; starts_inside || in_.skip_operator("|"); ++count) {
    if (count > kMaxChain) in_.fail("expressions nested too deep");
    starts_inside = false;
    ExpressionPtr node = make(ExpressionKind::kFilter);
    node->name = in_.expect_name();
    while (in_.skip_operator(".")) node->name += "." + in_.expect_name();
    if (in_.at_operator("(")) node->arguments = parse_arguments();
    node->parts.push_back(std::move(inner));
    inner = std::move(node);
  }
  return inner;
}

ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr node) {
  if (in_.skip_operator(".")) {
    if (in_.at(TokenKind::kInteger)) {
      ExpressionPtr item = wrap(ExpressionKind::kItem, std::move(node));
      item->parts.push_back(parse_number());
      return item;
    }
    node = wrap(ExpressionKind::kAttribute, std::move(node));
    node->name = in_.expect_name();
    return node;
  }
  in_.expect_operator("[");
  ExpressionPtr item = wrap(ExpressionKind::kItem, std::move(node));
  ExpressionPtr index = parse_subscripted();
  if (in_.at_operator(",")) {
    index = wrap(ExpressionKind::kTuple, std::move(index));
    while (in_.skip_operator(",")) index->parts.push_back(parse_subscripted());
  }
  in_.expect_operator("]");
  item->parts.push_back(std::move(index));
  return item;
}

ExpressionPtr ExpressionParser::parse_subscripted() {
  ExpressionPtr slice = make(ExpressionKind::kSlice);
  ExpressionPtr start;
  if (!in_.at_operator(":")) {
    start = parse();
    if (!in_.at_operator(":")) return start;
  }
  slice->parts.push_back(std::move(start));
  for (int part = 0; part < 2; ++part) {
    const bool has = in_.skip_operator(":") && !in_.at_operator(":") && !in_.at_operator("]") && !in_.at_operator(",");
    slice->parts.push_back(has ? parse() : nullptr);
  }
  return slice;
}

ExpressionPtr ExpressionParser::parse_call(ExpressionPtr node) {
  node = wrap(ExpressionKind::kCall, std::move(node));
  node->arguments = parse_arguments();
  return node;
}

CallArguments ExpressionParser::parse_arguments() {
  CallArguments arguments;
  in_.expect_operator("(");
  bool is_first = true;
  while (!in_.at_operator(")")) {
    if (!is_first) in_.expect_operator(",");
    if (in_.at_operator(")")) break;
    is_first = false;
    if (in_.skip_operator("*")) {
      arguments.star = parse();
    } else if (in_.skip_operator("**")) {
      arguments.double_star = parse();
    } else if (in_.at(TokenKind::kName) && in_.ahead().is_operator("=")) {
      std::string name = in_.take().text;
      in_.take();
      arguments.named.emplace_back(std::move(name), parse());
    } else {
      if (!arguments.named.empty() || arguments.double_star) in_.fail("a positional argument behind named ones");
      arguments.positional.push_back(parse());
    }
  }
  in_.expect_operator(")");
  return arguments;
}

ExpressionPtr ExpressionParser::parse_test(ExpressionPtr node) {
  in_.take();
  const bool negated = in_.skip_name("not");
  node = wrap(ExpressionKind::kTest, std::move(node));
  node->name = in_.expect_name();
  while (in_.skip_operator(".")) node->name += "." + in_.expect_name();
  const bool begins_value = in_.at(TokenKind::kName) || in_.at(TokenKind::kString) || in_.at(TokenKind::kInteger) ||
                            in_.at(TokenKind::kFloat) || in_.at_operator("[") || in_.at_operator("{");
  const bool is_word = in_.at_name("else") || in_.at_name("or") || in_.at_name("and");
  if (in_.at_operator("(")) {
    node->arguments = parse_arguments();
  } else if (begins_value && !is_word) {
    if (in_.at_name("is")) in_.fail("tests cannot be chained with is");
    // `x is foo if y`: the argument would be the name `if`, which ends the expression instead.
    if (!in_.at_name("if") && !in_.at_name("in") && !in_.at_name("not") && !in_.at_name("recursive")) {
      node->arguments.positional.push_back(parse_postfix(parse_primary()));
    }
  }
  return negated ? wrap(ExpressionKind::kNot, std::move(node)) : std::move(node);
}

}  // namespace rondo::text::jinja
