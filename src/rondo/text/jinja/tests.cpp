// SPDX-License-Identifier: Apache-2.0
// The tests of the language: `x is defined`, `x is divisibleby 3`.
#include <algorithm>

#include "rondo/text/jinja/interpreter.h"
#include "rondo/text/jinja/text_cases.h"

namespace rondo::text::jinja {
namespace {

using In = Interpreter;
using A = Arguments;

int64_t whole_of(const Value& value) {
  if (!value.is_integral()) fail_type("not all arguments converted: a whole number is needed, not " + type_name(value));
  return value.as_int();
}

bool is_defined(In&, const Value& v, const A&) { return !v.is_undefined(); }
bool is_undefined(In&, const Value& v, const A&) { return v.is_undefined(); }
bool is_none(In&, const Value& v, const A&) { return v.is(Kind::kNone); }
bool is_boolean(In&, const Value& v, const A&) { return v.is(Kind::kBool); }
bool is_truth(In&, const Value& v, const A&) { return v.is(Kind::kBool) && v.as_bool(); }
bool is_falsehood(In&, const Value& v, const A&) { return v.is(Kind::kBool) && !v.as_bool(); }
bool is_integer(In&, const Value& v, const A&) { return v.is(Kind::kInt) || v.is(Kind::kBigInt); }
bool is_float(In&, const Value& v, const A&) { return v.is(Kind::kFloat); }
bool is_number(In&, const Value& v, const A&) { return v.is_number() || v.is(Kind::kBigInt); }
bool is_string(In&, const Value& v, const A&) { return v.is(Kind::kString); }
bool is_mapping(In&, const Value& v, const A&) { return v.is(Kind::kDict); }
bool is_iterable(In&, const Value& v, const A&) {
  return v.is_undefined() || v.is(Kind::kString) || v.is(Kind::kList) || v.is(Kind::kDict);
}
bool is_sequence(In&, const Value& v, const A&) {
  if (!v.is(Kind::kList)) return v.is_undefined() || v.is(Kind::kString) || v.is(Kind::kDict);
  const ListKind kind = v.as_list().kind;
  return is_list_or_tuple(kind) || kind == ListKind::kRange;
}
// An undefined value can be called; it fails then.
bool is_callable(In&, const Value& v, const A&) {
  return v.is_undefined() || (v.is(Kind::kObject) && v.as_object().is_callable());
}
bool is_escaped(In&, const Value& v, const A&) { return v.is_markup(); }
bool is_odd(In&, const Value& v, const A&) { return whole_of(v) % 2 != 0; }
bool is_even(In&, const Value& v, const A&) { return whole_of(v) % 2 == 0; }
bool is_divisible(In&, const Value& v, const A& a) {
  const int64_t by = whole_of(a.get(0, "num"));
  if (by == 0) throw RenderError("ZeroDivisionError", "integer modulo by zero");
  return by == -1 || whole_of(v) % by == 0;
}
bool is_same(In&, const Value& v, const A& a) {
  const Value other = a.get(0, "other");
  return v.kind() == other.kind() && equal(v, other);
}
bool is_equal(In&, const Value& v, const A& a) { return equal(v, a.get(0, "b")); }
bool is_unequal(In&, const Value& v, const A& a) { return !equal(v, a.get(0, "b")); }
bool is_less(In&, const Value& v, const A& a) { return compare(v, a.get(0, "b")) < 0; }
bool is_less_or_equal(In&, const Value& v, const A& a) { return compare(v, a.get(0, "b")) <= 0; }
bool is_greater(In&, const Value& v, const A& a) { return compare(v, a.get(0, "b")) > 0; }
bool is_greater_or_equal(In&, const Value& v, const A& a) { return compare(v, a.get(0, "b")) >= 0; }
bool is_in(In&, const Value& v, const A& a) { return contains(a.get(0, "seq"), v); }
bool is_lower(In&, const Value& v, const A&) { return is_lower_text(to_text(v)); }
bool is_upper(In&, const Value& v, const A&) { return is_upper_text(to_text(v)); }
bool is_filter(In&, const Value& v, const A&) { return v.is(Kind::kString) && find_filter(v.as_string()) != nullptr; }
bool is_test(In&, const Value& v, const A&) { return v.is(Kind::kString) && find_test(v.as_string()) != nullptr; }

constexpr TableRow<TestFunction> kRows[] = {
    {"boolean", &is_boolean},
    {"callable", &is_callable},
    {"defined", &is_defined},
    {"divisibleby", &is_divisible, 1, 1},
    {"eq", &is_equal, 1, 1},
    {"equalto", &is_equal, 1, 1},
    {"escaped", &is_escaped},
    {"even", &is_even},
    {"false", &is_falsehood},
    {"filter", &is_filter},
    {"float", &is_float},
    {"ge", &is_greater_or_equal, 1, 1},
    {"greaterthan", &is_greater, 1, 1},
    {"gt", &is_greater, 1, 1},
    {"in", &is_in, 1, 1},
    {"integer", &is_integer},
    {"iterable", &is_iterable},
    {"le", &is_less_or_equal, 1, 1},
    {"lessthan", &is_less, 1, 1},
    {"lower", &is_lower},
    {"lt", &is_less, 1, 1},
    {"mapping", &is_mapping},
    {"ne", &is_unequal, 1, 1},
    {"none", &is_none},
    {"number", &is_number},
    {"odd", &is_odd},
    {"sameas", &is_same, 1, 1},
    {"sequence", &is_sequence},
    {"string", &is_string},
    {"test", &is_test},
    {"true", &is_truth},
    {"undefined", &is_undefined},
    {"upper", &is_upper},
    // For select("==", 1) and its kin.
    {"==", &is_equal, 1, 1},
    {"!=", &is_unequal, 1, 1},
    {"<", &is_less, 1, 1},
    {"<=", &is_less_or_equal, 1, 1},
    {">", &is_greater, 1, 1},
    {">=", &is_greater_or_equal, 1, 1},
};

}  // namespace

const TableRow<TestFunction>* find_test(const std::string& name) {
  const auto* const row =
      std::find_if(std::begin(kRows), std::end(kRows), [&name](const auto& r) { return r.name == name; });
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace rondo::text::jinja
