// SPDX-License-Identifier: Apache-2.0
// Walks the tree and writes the output.
//
// Limits make a hostile template an error instead of a hang or a crash: steps (work), bytes (what all texts and lists
// made so far weigh), depth (of the walk), and the size of the output.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rondo/text/jinja/ast.h"
#include "rondo/text/jinja/error.h"
#include "rondo/text/jinja/value.h"

namespace rondo::text::jinja {

struct Limits {
  int64_t steps = 20'000'000;
  int64_t bytes = int64_t{512} << 20;
  int depth = 300;
  int64_t output_bytes = int64_t{64} << 20;
};

/// Names and their values; the parent is looked in next. Owned by the interpreter.
struct Scope {
  Scope* parent = nullptr;
  std::map<std::string, Value, std::less<>> names;
  bool is_captured = false;  // a macro refers to it
};

/// Attributes that {% set ns.x = ... %} may write.
class Namespace : public Object {
 public:
  std::string type_name() const override { return "Namespace"; }
  std::string repr(int depth) const override;
  bool attribute(Interpreter&, const std::string& name, Value& out) override;
  std::map<std::string, Value> attributes;

 private:
  mutable bool is_printing_ = false;  // inside its own repr
};

struct OutputRange {
  int64_t begin = 0;
  int64_t end = 0;
};

class Interpreter {
 public:
  Interpreter(Limits limits, std::optional<int64_t> clock);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  /// Adds a variable, visible everywhere.
  void define(const std::string& name, Value value) { globals_.names[name] = std::move(value); }
  /// Throws RenderError.
  std::string run(const Body& template_body);
  /// Code points [begin, end) of the output that generation blocks wrote.
  const std::vector<OutputRange>& generation() const { return generation_; }

  // --- for functions, filters and macros ---

  Value evaluate(const Expression& expression);
  Value call(const Value& callee, const Arguments& arguments);
  Value filter(const std::string& name, const Value& value, const Arguments& arguments);
  bool test(const std::string& name, const Value& value, const Arguments& arguments);
  Value attribute(const Value& object, const std::string& name);
  Value item(const Value& object, const Value& key);
  /// The output of a body in a scope of its own.
  std::string capture(const Body& body, Scope& scope);
  Scope& new_scope(Scope* parent);
  Scope& current_scope() { return *scope_; }
  std::shared_ptr<Namespace> new_namespace();
  void assign(const Expression& target, const Value& value);
  /// Runs a recursive loop's body again, for loop(...).
  Value run_loop(const Statement& loop, const Value& items, Scope& outer, int depth0);

  /// Runs a macro's body in `scope`, which holds the arguments; defaults are evaluated here.
  std::string run_macro(const Statement& macro, Scope& scope, std::vector<Value> rest,
                        std::vector<std::pair<Value, Value>> further);

  /// One unit of work. Throws RenderError past the limit.
  void step() {
    if (++steps_ > limits_.steps) fail_limit("too many steps");
  }
  /// Bytes about to be made. Throws RenderError past the limit.
  void charge(size_t bytes);
  std::optional<int64_t> clock() const { return clock_; }

  /// Counts nesting while it lives.
  class Depth {
   public:
    explicit Depth(Interpreter& interpreter) : interpreter_(interpreter) {
      if (++interpreter_.depth_ > interpreter_.limits_.depth) {
        --interpreter_.depth_;
        throw RenderError("RecursionError", "maximum recursion depth exceeded");
      }
    }
    ~Depth() { --interpreter_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    Interpreter& interpreter_;
  };

 private:
  enum class Flow { kNext, kBreak, kContinue };
  class ScopeSwitch;

  Flow execute(const Body& body);
  Flow execute(const Statement& statement);
  Flow execute_if(const Statement& statement);
  void execute_for(const Statement& statement);
  void loop_over(const Statement& statement, const std::vector<Value>& items, Scope& outer, int depth0);
  std::vector<Value> filtered(const Statement& statement, std::vector<Value> items, Scope& outer);
  void execute_set_block(const Statement& statement);
  void execute_macro(const Statement& statement);
  void execute_call(const Statement& statement);
  void execute_with(const Statement& statement);
  void execute_generation(const Statement& statement);
  void write(const std::string& text);

  Value name(const Expression& expression);
  Value chain(const Expression& expression);
  Value concat(const Expression& expression);
  Value comparison(const Expression& expression);
  Value call_expression(const Expression& expression);
  Value filter_expression(const Expression& expression, const Value& head);
  Value item_expression(const Expression& expression);
  Value dict_expression(const Expression& expression);
  Value sequence(const Expression& expression, ListKind kind);
  Arguments arguments(const CallArguments& call);
  std::optional<int64_t> slice_bound(const ExpressionPtr& bound);

  Limits limits_;
  std::optional<int64_t> clock_;
  int64_t steps_ = 0;
  int64_t bytes_ = 0;
  int depth_ = 0;
  Scope globals_;
  Scope* scope_ = &globals_;
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::vector<std::shared_ptr<Namespace>> namespaces_;
  std::vector<std::string*> outputs_;
  std::vector<OutputRange> generation_;
};

// --- arithmetic (operators.cpp) ---

/// a op b for + - * / // % **.
Value binary(Interpreter& interpreter, const std::string& op, const Value& a, const Value& b);
bool contains(const Value& container, const Value& item);
/// Throws the error that using an undefined value is answered with.
void require_defined(const Value& value);
/// Python's slice of a text or list.
Value slice(const Value& value, std::optional<int64_t> start, std::optional<int64_t> stop, std::optional<int64_t> step);
std::string escape_html(const std::string& text);

// --- tables (filters*.cpp, tests.cpp, methods.cpp, globals.cpp) ---

using FilterFunction = Value (*)(Interpreter&, const Value&, const Arguments&);
using TestFunction = bool (*)(Interpreter&, const Value&, const Arguments&);

/// A row of the tables of filters and tests. A call with fewer or more arguments beside the value is a TypeError.
template <typename FunctionOf>
struct TableRow {
  std::string_view name;
  FunctionOf function;
  size_t fewest = 0;
  size_t most = 0;
};
inline constexpr size_t kAnyNumber = 1000;

/// nullptr where there is none of that name.
const TableRow<FilterFunction>* find_filter(const std::string& name);
const TableRow<TestFunction>* find_test(const std::string& name);
/// The method of a text, list or dict bound to it; false where there is none of that name.
bool find_method(const Value& object, const std::string& name, Value& out);
/// range, dict, namespace, raise_exception, ...
void define_globals(Interpreter& interpreter);
/// printf-style text % values.
std::string format_percent(const std::string& format, const Value& values);

}  // namespace rondo::text::jinja
