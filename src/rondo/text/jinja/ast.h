// SPDX-License-Identifier: Apache-2.0
// The tree of a template. One struct for expressions and one for statements; what `parts` and `bodies` hold stands with
// each kind.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rondo/text/jinja/value.h"

namespace rondo::text::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

/// Arguments of a call, filter or test.
struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr star;         // *args
  ExpressionPtr double_star;  // **kwargs
};

enum class ExpressionKind {
  kConstant,     // value
  kName,         // name
  kAttribute,    // parts[0].name
  kItem,         // parts[0][parts[1]]
  kSlice,        // [start:stop:step], parts may be null; stands as parts[1] of an item
  kCall,         // parts[0](arguments)
  kFilter,       // parts[0]|name(arguments); parts[0] is null at the head of a filter block
  kTest,         // parts[0] is name(arguments)
  kList,         // parts
  kTuple,        // parts
  kDict,         // keys and values in turn
  kConditional,  // parts[0] if parts[1] else parts[2], which may be null
  kAnd,          // parts, at least two
  kOr,           // parts, at least two
  kNot,          // parts[0]
  kNegate,       // -parts[0]
  kPositive,     // +parts[0]
  kChain,        // parts[0] operators[0] parts[1] operators[1] ..., from the left: + - * / // % **
  kConcat,       // parts joined as texts: ~
  kCompare,      // parts[0] operators[0] parts[1] operators[1] ..., as Python chains comparisons
};

struct Expression {
  ExpressionKind kind = ExpressionKind::kConstant;
  int line = 0;
  std::string name;
  Value value;
  std::vector<ExpressionPtr> parts;
  std::vector<std::string> operators;
  CallArguments arguments;
};

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

enum class StatementKind {
  kData,        // text
  kPrint,       // value
  kIf,          // conditions with bodies; a last body without condition is else
  kFor,         // target, value, condition (may be null), bodies: loop and else
  kSet,         // target = value
  kSetBlock,    // target = output of bodies[0], through the filters of `value` (may be null)
  kMacro,       // name, parameters, bodies[0]
  kCall,        // value is a call, with bodies[0] as its caller (parameters)
  kFilter,      // output of bodies[0] through the filters of `value`
  kWith,        // assignments, then bodies[0] in a scope of its own
  kScope,       // bodies[0] in a scope of its own (block, autoescape)
  kGeneration,  // bodies[0], whose place in the output is recorded
  kBreak,
  kContinue,
  kUnsupported,  // name: what needs a template loader
};

struct Parameter {
  std::string name;
  ExpressionPtr default_value;  // may be null
};

struct Statement {
  StatementKind kind = StatementKind::kData;
  int line = 0;
  std::string text;
  std::string name;
  ExpressionPtr target;
  ExpressionPtr value;
  ExpressionPtr condition;
  bool is_recursive = false;
  bool uses_caller = false;  // macros: caller, kwargs or varargs occur in the body
  bool uses_kwargs = false;
  bool uses_varargs = false;
  std::vector<ExpressionPtr> conditions;
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> assignments;
  std::vector<Parameter> parameters;
  std::vector<Body> bodies;
};

}  // namespace rondo::text::jinja
