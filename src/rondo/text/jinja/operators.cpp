// SPDX-License-Identifier: Apache-2.0
// Arithmetic, containment and slices, as Python has them. Whole numbers are 64 bits: what leaves them is an error.
#include <algorithm>
#include <cmath>
#include <utility>

#include "rondo/text/jinja/interpreter.h"

namespace rondo::text::jinja {
namespace {

[[noreturn]] void fail_operands(const std::string& op, const Value& a, const Value& b) {
  if (op == "+" && (a.is(Kind::kString) || (a.is(Kind::kList) && a.as_list().kind == ListKind::kList))) {
    fail_type("can only concatenate " + type_name(a) + " (not \"" + type_name(b) + "\") to " + type_name(a));
  }
  fail_type("unsupported operand type(s) for " + op + ": '" + type_name(a) + "' and '" + type_name(b) + "'");
}

[[noreturn]] void fail_overflow() { throw RenderError("OverflowError", "a whole number beyond 64 bits"); }

int64_t add(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) fail_overflow();
  return out;
}

int64_t subtract(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_sub_overflow(a, b, &out)) fail_overflow();
  return out;
}

int64_t multiply(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) fail_overflow();
  return out;
}

int64_t power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0) result = multiply(result, base);
    exponent >>= 1;
    if (exponent > 0) base = multiply(base, base);
  }
  return result;
}

Value whole(const std::string& op, int64_t a, int64_t b) {
  if (op == "+") return Value::integer(add(a, b));
  if (op == "-") return Value::integer(subtract(a, b));
  if (op == "*") return Value::integer(multiply(a, b));
  if (op == "**") {
    if (b < 0) return Value::real(std::pow(static_cast<double>(a), static_cast<double>(b)));
    return Value::integer(power(a, b));
  }
  if (b == 0) throw RenderError("ZeroDivisionError", "division by zero");
  if (op == "/") return Value::real(static_cast<double>(a) / static_cast<double>(b));
  // INT64_MIN / -1 does not fit.
  if (b == -1) return Value::integer(op == "//" ? subtract(0, a) : 0);
  const int64_t quotient = a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
  return Value::integer(op == "//" ? quotient : a - quotient * b);
}

Value real(const std::string& op, double a, double b) {
  if (op == "+") return Value::real(a + b);
  if (op == "-") return Value::real(a - b);
  if (op == "*") return Value::real(a * b);
  if (op == "**") return Value::real(std::pow(a, b));
  if (b == 0) throw RenderError("ZeroDivisionError", "float division by zero");
  if (op == "/") return Value::real(a / b);
  if (op == "//") return Value::real(std::floor(a / b));
  const double rest = std::fmod(a, b);
  return Value::real(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
}

Value add_texts(const Value& a, const Value& b) {
  if (!a.is_markup() && !b.is_markup()) return Value::string(a.as_string() + b.as_string());
  // Markup escapes what is added to it, on either side.
  const auto part = [](const Value& v) { return v.is_markup() ? v.as_string() : escape_html(v.as_string()); };
  return Value::string(part(a) + part(b), true);
}

Value repeat(Interpreter& interpreter, const Value& value, int64_t count) {
  const auto times = static_cast<size_t>(std::max<int64_t>(0, count));
  const size_t unit = value.is(Kind::kString) ? value.as_string().size() : value.as_list().items.size() * sizeof(Value);
  constexpr size_t kMost = size_t{1} << 40;
  interpreter.charge(unit == 0 ? 0 : times > kMost / unit ? kMost : times * unit);
  if (value.is(Kind::kString)) {
    std::string text;
    for (size_t i = 0; unit > 0 && i < times; ++i) text += value.as_string();
    return Value::string(std::move(text), value.is_markup());
  }
  std::vector<Value> items;
  for (size_t i = 0; unit > 0 && i < times; ++i)
    items.insert(items.end(), value.as_list().items.begin(), value.as_list().items.end());
  return Value::list(std::move(items), value.as_list().kind);
}

bool is_joinable(const Value& value) { return value.is(Kind::kList) && is_list_or_tuple(value.as_list().kind); }

int64_t clamp(int64_t index, int64_t count, int64_t low, int64_t high) {
  if (index < 0) index = index < -count ? low : index + count;
  return std::clamp(index, low, high);
}

}  // namespace

void require_defined(const Value& value) {
  if (!value.is_undefined()) return;
  const Undefined& missing = value.as_undefined();
  throw RenderError(missing.is_forbidden ? "SecurityError" : "UndefinedError",
                    missing.message.empty() ? "a value is undefined" : missing.message);
}

Value binary(Interpreter& interpreter, const std::string& op, const Value& a, const Value& b) {
  require_defined(a);
  require_defined(b);
  const bool is_text = a.is(Kind::kString) && op == "%";
  if ((a.is(Kind::kBigInt) || b.is(Kind::kBigInt)) && !is_text) fail_overflow();
  if (a.is_integral() && b.is_integral()) return whole(op, a.as_int(), b.as_int());
  if (a.is_number() && b.is_number()) return real(op, a.as_double(), b.as_double());
  if (op == "%" && a.is(Kind::kString)) return Value::string(format_percent(a.as_string(), b));
  if (op == "+" && a.is(Kind::kString) && b.is(Kind::kString)) {
    interpreter.charge(a.as_string().size() + b.as_string().size());
    return add_texts(a, b);
  }
  if (op == "+" && is_joinable(a) && is_joinable(b) && a.as_list().kind == b.as_list().kind) {
    interpreter.charge((a.as_list().items.size() + b.as_list().items.size()) * sizeof(Value));
    std::vector<Value> items = a.as_list().items;
    items.insert(items.end(), b.as_list().items.begin(), b.as_list().items.end());
    return Value::list(std::move(items), a.as_list().kind);
  }
  if (op == "*" && b.is_integral() && (a.is(Kind::kString) || is_joinable(a)))
    return repeat(interpreter, a, b.as_int());
  if (op == "*" && a.is_integral() && (b.is(Kind::kString) || is_joinable(b)))
    return repeat(interpreter, b, a.as_int());
  fail_operands(op, a, b);
}

bool contains(const Value& container, const Value& item) {
  switch (container.kind()) {
    case Kind::kString:
      if (!item.is(Kind::kString)) fail_type("'in <string>' requires string as left operand, not " + type_name(item));
      return container.as_string().find(item.as_string()) != std::string::npos;
    case Kind::kDict:
      if (item.is(Kind::kDict) || (item.is(Kind::kList) && item.as_list().kind == ListKind::kList))
        fail_type("unhashable type: '" + type_name(item) + "'");
      return find_key(container.as_dict(), item) != nullptr;
    case Kind::kUndefined:
    case Kind::kList: {
      const std::vector<Value> items = items_of(container);
      return std::any_of(items.begin(), items.end(), [&item](const Value& other) { return equal(item, other); });
    }
    default:
      fail_type("argument of type '" + type_name(container) + "' is not iterable");
  }
}

Value slice(const Value& value, std::optional<int64_t> start, std::optional<int64_t> stop,
            std::optional<int64_t> step) {
  const bool is_list = value.is(Kind::kList) && (is_joinable(value) || value.as_list().kind == ListKind::kRange);
  if (!value.is(Kind::kString) && !is_list) return Value::undefined(type_name(value) + " object has no element slice");
  const int64_t by = step.value_or(1);
  if (by == 0) fail_value("slice step cannot be zero");
  const std::vector<Value> items = items_of(value);
  const auto count = static_cast<int64_t>(items.size());
  // Python's defaults: from the end that the step leaves.
  const int64_t low = by > 0 ? 0 : -1, high = by > 0 ? count : count - 1;
  const int64_t first = start ? clamp(*start, count, low, high) : (by > 0 ? 0 : count - 1);
  const int64_t last = stop ? clamp(*stop, count, low, high) : (by > 0 ? count : -1);
  std::vector<Value> picked;
  for (int64_t i = first; by > 0 ? i < last : i > last;) {
    picked.push_back(items[static_cast<size_t>(i)]);
    if (__builtin_add_overflow(i, by, &i)) break;
  }
  if (is_list)
    return Value::list(std::move(picked),
                       value.as_list().kind == ListKind::kTuple ? ListKind::kTuple : value.as_list().kind);
  std::string text;
  for (const Value& letter : picked) text += letter.as_string();
  return Value::string(std::move(text), value.is_markup());
}

std::string escape_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace rondo::text::jinja
