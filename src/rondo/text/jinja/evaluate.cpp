// SPDX-License-Identifier: Apache-2.0
// Expressions.
#include <algorithm>
#include <utility>

#include "rondo/text/jinja/interpreter.h"

namespace rondo::text::jinja {
namespace {

bool compare_with(const std::string& op, const Value& a, const Value& b) {
  if (op == "==") return equal(a, b);
  if (op == "!=") return !equal(a, b);
  if (op == "in") return contains(b, a);
  if (op == "not in") return !contains(b, a);
  const int order = compare(a, b);
  if (op == "<") return order < 0;
  if (op == "<=") return order <= 0;
  return op == ">" ? order > 0 : order >= 0;
}

std::string object_name(const Value& value) {
  if (value.is(Kind::kNone)) return "None";
  return type_name(value) + " object";
}

// What the sandbox hides: methods that change their object, and everything private.
bool is_forbidden(const Value& object, const std::string& name) {
  if (name.starts_with('_')) return true;
  static constexpr std::string_view kList[] = {"append", "clear", "pop",    "reverse",
                                               "insert", "sort",  "extend", "remove"};
  static constexpr std::string_view kDict[] = {"clear", "pop", "popitem", "setdefault", "update"};
  const auto has = [&name](const auto& names) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  if (object.is(Kind::kDict)) return has(kDict);
  return object.is(Kind::kList) && object.as_list().kind == ListKind::kList && has(kList);
}

const Value* lookup(const Value& object, const Value& key) {
  if (object.is(Kind::kDict)) return find_key(object.as_dict(), key);
  if (!object.is(Kind::kList) || !key.is_integral()) return nullptr;
  const ListData& list = object.as_list();
  if (!is_list_or_tuple(list.kind) && list.kind != ListKind::kRange) return nullptr;
  const auto count = static_cast<int64_t>(list.items.size());
  const int64_t index = key.as_int() < 0 ? key.as_int() + count : key.as_int();
  return index >= 0 && index < count ? &list.items[static_cast<size_t>(index)] : nullptr;
}

template <typename Row>
void check_count(const Row& row, const Arguments& passed) {
  const size_t count = passed.positional.size() + passed.named.size();
  if (count >= row.fewest && passed.positional.size() <= row.most) return;
  fail_type(std::string(row.name) + " takes " +
            (count < row.fewest ? "at least " + std::to_string(row.fewest) : "at most " + std::to_string(row.most)) +
            " arguments, not " + std::to_string(count));
}

// The names of the parts of a group, and of a range.
bool list_attribute(const ListData& list, const std::string& name, Value& out) {
  if (list.kind == ListKind::kGroup && (name == "grouper" || name == "list")) {
    out = list.items[name == "list" ? 1 : 0];
    return true;
  }
  if (list.kind != ListKind::kRange || list.items.empty()) return false;
  const int64_t first = list.items.front().as_int(), last = list.items.back().as_int();
  const int64_t step = list.items.size() > 1 ? list.items[1].as_int() - first : 1;
  if (name == "start") out = Value::integer(first);
  if (name == "stop") out = Value::integer(last + step);
  if (name == "step") out = Value::integer(step);
  return name == "start" || name == "stop" || name == "step";
}

// Zero has two signs.
Value negative(Interpreter& interpreter, const Value& value) {
  if (value.is(Kind::kFloat)) return Value::real(-value.as_double());
  return binary(interpreter, "-", Value::integer(0), value);
}

}  // namespace

Value Interpreter::evaluate(const Expression& expression) {
  step();
  const Depth depth(*this);
  const auto& parts = expression.parts;
  switch (expression.kind) {
    case ExpressionKind::kConstant:
      return expression.value;
    case ExpressionKind::kName:
      return name(expression);
    case ExpressionKind::kAttribute:
      return attribute(evaluate(*parts[0]), expression.name);
    case ExpressionKind::kItem:
      return item_expression(expression);
    case ExpressionKind::kSlice:
      fail_type("unhashable type: 'slice'");
    case ExpressionKind::kCall:
      return call_expression(expression);
    case ExpressionKind::kFilter:
      return filter_expression(expression, Value());
    case ExpressionKind::kTest: {
      const Value value = evaluate(*parts[0]);
      return Value::boolean(test(expression.name, value, arguments(expression.arguments)));
    }
    case ExpressionKind::kList:
      return sequence(expression, ListKind::kList);
    case ExpressionKind::kTuple:
      return sequence(expression, ListKind::kTuple);
    case ExpressionKind::kDict:
      return dict_expression(expression);
    case ExpressionKind::kConditional:
      if (is_true(evaluate(*parts[1]))) return evaluate(*parts[0]);
      return parts[2]
                 ? evaluate(*parts[2])
                 : Value::undefined("the inline if-expression evaluated to false and no else section was defined.");
    case ExpressionKind::kAnd:
    case ExpressionKind::kOr: {
      Value value;
      for (const auto& part : parts) {
        value = evaluate(*part);
        if (is_true(value) != (expression.kind == ExpressionKind::kAnd)) return value;
      }
      return value;
    }
    case ExpressionKind::kNot:
      return Value::boolean(!is_true(evaluate(*parts[0])));
    case ExpressionKind::kNegate:
      return negative(*this, evaluate(*parts[0]));
    case ExpressionKind::kPositive:
      return binary(*this, "+", Value::integer(0), evaluate(*parts[0]));
    case ExpressionKind::kChain:
      return chain(expression);
    case ExpressionKind::kConcat:
      return concat(expression);
    case ExpressionKind::kCompare:
      return comparison(expression);
  }
  return Value();
}

Value Interpreter::name(const Expression& expression) {
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->parent) {
    const auto found = scope->names.find(expression.name);
    if (found != scope->names.end()) return found->second;
  }
  return Value::undefined("'" + expression.name + "' is undefined");
}

Value Interpreter::chain(const Expression& expression) {
  Value value = evaluate(*expression.parts[0]);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    value = binary(*this, expression.operators[i], value, evaluate(*expression.parts[i + 1]));
  }
  return value;
}

Value Interpreter::concat(const Expression& expression) {
  std::string text;
  for (const auto& part : expression.parts) text += to_text(evaluate(*part));
  charge(text.size());
  return Value::string(std::move(text));
}

Value Interpreter::comparison(const Expression& expression) {
  Value left = evaluate(*expression.parts[0]);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = evaluate(*expression.parts[i + 1]);
    if (!compare_with(expression.operators[i], left, right)) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Interpreter::sequence(const Expression& expression, ListKind kind) {
  std::vector<Value> items;
  for (const auto& part : expression.parts) items.push_back(evaluate(*part));
  charge(items.size() * sizeof(Value));
  return Value::list(std::move(items), kind);
}

Value Interpreter::dict_expression(const Expression& expression) {
  std::vector<std::pair<Value, Value>> items;
  for (size_t i = 0; i + 1 < expression.parts.size(); i += 2) {
    Value key = evaluate(*expression.parts[i]);
    Value value = evaluate(*expression.parts[i + 1]);
    const bool hashable = !key.is(Kind::kDict) && !(key.is(Kind::kList) && key.as_list().kind == ListKind::kList);
    if (!hashable) fail_type("unhashable type: '" + type_name(key) + "'");
    const auto known =
        std::find_if(items.begin(), items.end(), [&key](const auto& entry) { return equal(entry.first, key); });
    if (known != items.end()) {
      known->second = std::move(value);
    } else {
      items.emplace_back(std::move(key), std::move(value));
    }
  }
  charge(items.size() * 2 * sizeof(Value));
  return Value::dict(std::move(items));
}

Arguments Interpreter::arguments(const CallArguments& call) {
  Arguments result;
  for (const auto& argument : call.positional) result.positional.push_back(evaluate(*argument));
  for (const auto& [key, value] : call.named) result.named.emplace_back(key, evaluate(*value));
  if (call.star) {
    for (Value& value : items_of(evaluate(*call.star))) result.positional.push_back(std::move(value));
  }
  if (call.double_star) {
    const Value extra = evaluate(*call.double_star);
    if (!extra.is(Kind::kDict)) fail_type("argument after ** must be a mapping, not " + type_name(extra));
    for (const auto& [key, value] : extra.as_dict().items) {
      if (!key.is(Kind::kString)) fail_type("keywords must be strings");
      result.named.emplace_back(key.as_string(), value);
    }
  }
  charge(result.positional.size() * sizeof(Value));
  return result;
}

Value Interpreter::call_expression(const Expression& expression) {
  const Value callee = evaluate(*expression.parts[0]);
  return call(callee, arguments(expression.arguments));
}

Value Interpreter::call(const Value& callee, const Arguments& arguments_passed) {
  require_defined(callee);
  if (!callee.is(Kind::kObject)) fail_type("'" + type_name(callee) + "' object is not callable");
  const Depth depth(*this);
  return callee.as_object().call(*this, arguments_passed);
}

Value Interpreter::filter_expression(const Expression& expression, const Value& head) {
  Value value = head;
  if (expression.parts[0]) {
    value = expression.parts[0]->kind == ExpressionKind::kFilter ? filter_expression(*expression.parts[0], head)
                                                                 : evaluate(*expression.parts[0]);
  }
  return filter(expression.name, value, arguments(expression.arguments));
}

Value Interpreter::filter(const std::string& filter_name, const Value& value, const Arguments& passed) {
  step();
  const Depth depth(*this);
  const auto* const row = find_filter(filter_name);
  if (row == nullptr) throw RenderError("TemplateRuntimeError", "No filter named '" + filter_name + "' found.");
  check_count(*row, passed);
  Value result = row->function(*this, value, passed);
  if (result.is(Kind::kString)) charge(result.as_string().size());
  if (result.is(Kind::kList)) charge(result.as_list().items.size() * sizeof(Value));
  return result;
}

bool Interpreter::test(const std::string& test_name, const Value& value, const Arguments& passed) {
  const auto* const row = find_test(test_name);
  if (row == nullptr) throw RenderError("TemplateRuntimeError", "No test named '" + test_name + "' found.");
  check_count(*row, passed);
  return row->function(*this, value, passed);
}

Value Interpreter::attribute(const Value& object, const std::string& attribute_name) {
  require_defined(object);
  Value out;
  if (is_forbidden(object, attribute_name)) {
    if (object.is(Kind::kDict)) {
      // A key of that name does not help: the method hides it, as it would in Python.
      const bool is_method = !attribute_name.starts_with('_');
      const Value* const entry = is_method ? nullptr : find_key(object.as_dict(), attribute_name);
      if (entry != nullptr) return *entry;
    }
    return Value::undefined(
        "access to attribute '" + attribute_name + "' of '" + type_name(object) + "' object is unsafe.", true);
  }
  if (object.is(Kind::kObject) && object.as_object().attribute(*this, attribute_name, out)) return out;
  if (find_method(object, attribute_name, out)) return out;
  if (object.is(Kind::kList) && list_attribute(object.as_list(), attribute_name, out)) return out;
  if (object.is(Kind::kDict)) {
    if (const Value* const entry = find_key(object.as_dict(), attribute_name)) return *entry;
  }
  return Value::undefined("'" + object_name(object) + "' has no attribute '" + attribute_name + "'");
}

Value Interpreter::item(const Value& object, const Value& key) {
  require_defined(object);
  if (const Value* const found = lookup(object, key)) return *found;
  if (object.is(Kind::kString) && key.is_integral()) {
    const std::vector<std::string> letters = characters_of(object.as_string());
    charge(object.as_string().size());
    const auto count = static_cast<int64_t>(letters.size());
    const int64_t index = key.as_int() < 0 ? key.as_int() + count : key.as_int();
    if (index >= 0 && index < count) return Value::string(letters[static_cast<size_t>(index)]);
  }
  if (key.is(Kind::kString)) {
    Value out;
    const bool hidden = is_forbidden(object, key.as_string());
    if (hidden)
      return Value::undefined(
          "access to attribute '" + key.as_string() + "' of '" + type_name(object) + "' object is unsafe.", true);
    if (object.is(Kind::kObject) && object.as_object().attribute(*this, key.as_string(), out)) return out;
    if (find_method(object, key.as_string(), out)) return out;
    if (object.is(Kind::kList) && list_attribute(object.as_list(), key.as_string(), out)) return out;
    return Value::undefined("'" + object_name(object) + "' has no attribute '" + key.as_string() + "'");
  }
  return Value::undefined(object_name(object) + " has no element " + to_repr(key));
}

std::optional<int64_t> Interpreter::slice_bound(const ExpressionPtr& bound) {
  if (!bound) return std::nullopt;
  const Value value = evaluate(*bound);
  if (value.is(Kind::kNone)) return std::nullopt;
  if (!value.is_integral()) fail_type("slice indices must be integers or None or have an __index__ method");
  return value.as_int();
}

Value Interpreter::item_expression(const Expression& expression) {
  const Value object = evaluate(*expression.parts[0]);
  const Expression& key = *expression.parts[1];
  if (key.kind != ExpressionKind::kSlice) return item(object, evaluate(key));
  require_defined(object);
  const auto start = slice_bound(key.parts[0]), stop = slice_bound(key.parts[1]), by = slice_bound(key.parts[2]);
  Value result = slice(object, start, stop, by);
  charge(result.is(Kind::kString) ? result.as_string().size()
         : result.is(Kind::kList) ? result.as_list().items.size() * sizeof(Value)
                                  : 0);
  return result;
}

}  // namespace rondo::text::jinja
