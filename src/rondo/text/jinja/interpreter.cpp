// SPDX-License-Identifier: Apache-2.0
// Statements. Expressions stand in evaluate.cpp, loops in loop.cpp, macros in macro.cpp.
#include "rondo/text/jinja/interpreter.h"

#include <algorithm>
#include <utility>

#include "rondo/text/jinja/macro.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text::jinja {

std::string Namespace::repr(int depth) const {
  constexpr int kDeepest = 100;
  if (depth > kDeepest) fail_limit("namespaces nested too deep");
  if (is_printing_) return "<Namespace {...}>";
  is_printing_ = true;
  std::string out = "<Namespace {";
  const char* between = "";
  for (const auto& [name, value] : attributes) {
    out += between + to_repr(Value::string(name)) + ": " + to_repr(value, depth);
    between = ", ";
  }
  is_printing_ = false;
  return out + "}>";
}

bool Namespace::attribute(Interpreter&, const std::string& name, Value& out) {
  const auto found = attributes.find(name);
  if (found == attributes.end()) return false;
  out = found->second;
  return true;
}

Interpreter::Interpreter(Limits limits, std::optional<int64_t> clock) : limits_(limits), clock_(clock) {
  define_globals(*this);
}

Interpreter::~Interpreter() {
  // Namespaces may refer to each other in circles and in long chains: they are emptied one by one.
  for (const auto& space : namespaces_) space->attributes.clear();
}

class Interpreter::ScopeSwitch {
 public:
  ScopeSwitch(Interpreter& interpreter, Scope& scope) : interpreter_(interpreter), before_(interpreter.scope_) {
    interpreter.scope_ = &scope;
  }
  ~ScopeSwitch() { interpreter_.scope_ = before_; }
  ScopeSwitch(const ScopeSwitch&) = delete;
  ScopeSwitch& operator=(const ScopeSwitch&) = delete;

 private:
  Interpreter& interpreter_;
  Scope* before_;
};

std::string Interpreter::run(const Body& template_body) {
  std::string output;
  outputs_ = {&output};
  const ScopeSwitch in(*this, new_scope(&globals_));
  execute(template_body);
  return output;
}

void Interpreter::charge(size_t bytes) {
  bytes_ += static_cast<int64_t>(bytes);
  if (bytes_ > limits_.bytes) fail_limit("too much memory");
}

Scope& Interpreter::new_scope(Scope* parent) {
  charge(sizeof(Scope));
  scopes_.push_back(std::make_unique<Scope>());
  scopes_.back()->parent = parent;
  return *scopes_.back();
}

std::shared_ptr<Namespace> Interpreter::new_namespace() {
  charge(sizeof(Namespace));
  namespaces_.push_back(std::make_shared<Namespace>());
  return namespaces_.back();
}

void Interpreter::write(const std::string& text) {
  charge(text.size());
  std::string& output = *outputs_.back();
  if (static_cast<int64_t>(output.size() + text.size()) > limits_.output_bytes) fail_limit("too much output");
  output += text;
}

std::string Interpreter::capture(const Body& body, Scope& scope) {
  std::string output;
  outputs_.push_back(&output);
  const ScopeSwitch in(*this, scope);
  try {
    execute(body);
  } catch (...) {
    outputs_.pop_back();
    throw;
  }
  outputs_.pop_back();
  return output;
}

Interpreter::Flow Interpreter::execute(const Body& body) {
  const Depth depth(*this);
  for (const auto& statement : body) {
    const Flow flow = execute(*statement);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::execute(const Statement& statement) {
  step();
  switch (statement.kind) {
    case StatementKind::kData:
      write(statement.text);
      break;
    case StatementKind::kPrint:
      write(to_text(evaluate(*statement.value)));
      break;
    case StatementKind::kIf:
      return execute_if(statement);
    case StatementKind::kFor:
      execute_for(statement);
      break;
    case StatementKind::kSet:
      assign(*statement.target, evaluate(*statement.value));
      break;
    case StatementKind::kSetBlock:
      execute_set_block(statement);
      break;
    case StatementKind::kMacro:
      execute_macro(statement);
      break;
    case StatementKind::kCall:
      execute_call(statement);
      break;
    case StatementKind::kFilter: {
      const Value inner = Value::string(capture(statement.bodies[0], new_scope(scope_)));
      write(to_text(filter_expression(*statement.value, inner)));
      break;
    }
    case StatementKind::kWith:
      execute_with(statement);
      break;
    case StatementKind::kScope: {
      if (statement.value) evaluate(*statement.value);
      const ScopeSwitch in(*this, new_scope(scope_));
      return execute(statement.bodies[0]);
    }
    case StatementKind::kGeneration:
      execute_generation(statement);
      break;
    case StatementKind::kBreak:
      return Flow::kBreak;
    case StatementKind::kContinue:
      return Flow::kContinue;
    case StatementKind::kUnsupported:
      fail_type("no loader for this environment specified: " + statement.name);
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::execute_if(const Statement& statement) {
  for (size_t i = 0; i < statement.bodies.size(); ++i) {
    const bool is_else = i >= statement.conditions.size();
    if (is_else || is_true(evaluate(*statement.conditions[i]))) return execute(statement.bodies[i]);
  }
  return Flow::kNext;
}

void Interpreter::execute_for(const Statement& statement) {
  loop_over(statement, items_of(evaluate(*statement.value)), *scope_, 0);
}

void Interpreter::loop_over(const Statement& statement, const std::vector<Value>& items, Scope& outer, int depth0) {
  charge(items.size() * sizeof(Value));
  const std::vector<Value> kept = filtered(statement, items, outer);
  if (kept.empty()) {
    if (statement.bodies.size() < 2) return;
    const ScopeSwitch in(*this, new_scope(&outer));
    execute(statement.bodies[1]);
    return;
  }
  const auto state = std::make_shared<Loop>(statement, kept, outer, depth0);
  Scope* scope = &new_scope(&outer);
  for (size_t i = 0; i < kept.size(); ++i) {
    step();
    // A scope that a macro refers to lives on; others serve again.
    if (scope->is_captured) scope = &new_scope(&outer);
    scope->names.clear();
    state->index = i;
    const ScopeSwitch in(*this, *scope);
    scope->names["loop"] = Value::object(state);
    assign(*statement.target, kept[i]);
    if (execute(statement.bodies[0]) == Flow::kBreak) break;
  }
  scope->names.clear();
}

std::vector<Value> Interpreter::filtered(const Statement& statement, std::vector<Value> items, Scope& outer) {
  if (!statement.condition) return items;
  std::vector<Value> kept;
  Scope& scope = new_scope(&outer);
  const ScopeSwitch in(*this, scope);
  for (Value& item : items) {
    step();
    assign(*statement.target, item);
    if (is_true(evaluate(*statement.condition))) kept.push_back(std::move(item));
  }
  return kept;
}

Value Interpreter::run_loop(const Statement& loop, const Value& items, Scope& outer, int depth0) {
  const Depth depth(*this);
  std::string output;
  outputs_.push_back(&output);
  try {
    loop_over(loop, items_of(items), outer, depth0);
  } catch (...) {
    outputs_.pop_back();
    throw;
  }
  outputs_.pop_back();
  return Value::string(std::move(output));
}

std::string Interpreter::run_macro(const Statement& macro, Scope& scope, std::vector<Value> rest,
                                   std::vector<std::pair<Value, Value>> further) {
  const std::string name = macro.name.empty() ? "caller" : macro.name;
  if (!rest.empty() && !macro.uses_varargs)
    fail_type("macro '" + name + "' takes not more than " + std::to_string(macro.parameters.size()) + " argument(s)");
  if (!further.empty() && !macro.uses_kwargs)
    fail_type("macro '" + name + "' takes no keyword argument '" + further[0].first.as_string() + "'");
  if (!macro.uses_caller && scope.names.contains("caller") && macro.kind == StatementKind::kMacro) {
    const bool is_parameter = std::any_of(macro.parameters.begin(), macro.parameters.end(),
                                          [](const Parameter& p) { return p.name == "caller"; });
    if (!is_parameter) fail_type("macro '" + name + "' was invoked with two values for the special caller argument");
  }
  if (macro.uses_varargs) scope.names["varargs"] = Value::list(std::move(rest), ListKind::kTuple);
  if (macro.uses_kwargs) scope.names["kwargs"] = Value::dict(std::move(further));
  const ScopeSwitch in(*this, scope);
  for (const Parameter& parameter : macro.parameters) {
    Value& value = scope.names[parameter.name];
    if (value.is_undefined() && parameter.default_value) value = evaluate(*parameter.default_value);
  }
  return capture(macro.bodies[0], scope);
}

void Interpreter::execute_set_block(const Statement& statement) {
  Value text = Value::string(capture(statement.bodies[0], new_scope(scope_)));
  if (statement.value) text = filter_expression(*statement.value, text);
  assign(*statement.target, text);
}

void Interpreter::execute_macro(const Statement& statement) {
  scope_->is_captured = true;
  scope_->names[statement.name] = Value::object(std::make_shared<Macro>(statement, *scope_));
}

void Interpreter::execute_call(const Statement& statement) {
  scope_->is_captured = true;
  const Value caller = Value::object(std::make_shared<Macro>(statement, *scope_));
  const Value callee = evaluate(*statement.value->parts[0]);
  Arguments passed = arguments(statement.value->arguments);
  passed.named.emplace_back("caller", caller);
  write(to_text(call(callee, passed)));
}

void Interpreter::execute_with(const Statement& statement) {
  Scope& scope = new_scope(scope_);
  std::vector<Value> values;
  for (const auto& [target, value] : statement.assignments) values.push_back(evaluate(*value));
  const ScopeSwitch in(*this, scope);
  for (size_t i = 0; i < values.size(); ++i) assign(*statement.assignments[i].first, values[i]);
  execute(statement.bodies[0]);
}

void Interpreter::execute_generation(const Statement& statement) {
  // Positions count what the template itself has written so far; what macros collect is not part of it yet.
  const auto begin = static_cast<int64_t>(count_code_points(*outputs_.front()));
  const std::string text = capture(statement.bodies[0], new_scope(scope_));
  generation_.push_back({begin, begin + static_cast<int64_t>(count_code_points(text))});
  write(text);
}

void Interpreter::assign(const Expression& target, const Value& value) {
  if (target.kind == ExpressionKind::kName) {
    scope_->names[target.name] = value;
    return;
  }
  if (target.kind == ExpressionKind::kAttribute) {
    const Value object = evaluate(*target.parts[0]);
    auto* const space = object.is(Kind::kObject) ? dynamic_cast<Namespace*>(&object.as_object()) : nullptr;
    if (space == nullptr) throw RenderError("TemplateRuntimeError", "cannot assign attribute on non-namespace object");
    charge(sizeof(Value) + target.name.size());
    space->attributes[target.name] = value;
    return;
  }
  const std::vector<Value> items = items_of(value);
  if (items.size() != target.parts.size())
    fail_value("cannot unpack " + std::to_string(items.size()) + " values into " + std::to_string(target.parts.size()));
  for (size_t i = 0; i < items.size(); ++i) assign(*target.parts[i], items[i]);
}

}  // namespace rondo::text::jinja
