// SPDX-License-Identifier: Apache-2.0
// Filters that work on lists and single values, and the table of all filters. Those that make texts stand in
// filters_text.cpp.
#include <algorithm>
#include <cmath>
#include <utility>

#include "rondo/text/jinja/filter_helpers.h"

namespace rondo::text::jinja {
namespace {

Value length(In&, const Value& v, const A&) { return Value::integer(length_of(v)); }
Value list(In& in, const Value& v, const A&) {
  std::vector<Value> items = items_of(v);
  in.charge(items.size() * sizeof(Value));
  return Value::list(std::move(items));
}
Value first(In&, const Value& v, const A&) {
  const std::vector<Value> items = items_of(v);
  return items.empty() ? Value::undefined("No first item, sequence was empty.") : items.front();
}
Value last(In&, const Value& v, const A&) {
  const std::vector<Value> items = items_of(v);
  return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}
Value reverse(In&, const Value& v, const A&) {
  std::vector<Value> items = items_of(v);
  std::reverse(items.begin(), items.end());
  if (!v.is(Kind::kString)) return Value::list(std::move(items), ListKind::kGenerator);
  std::string text;
  for (const Value& letter : items) text += letter.as_string();
  return Value::string(std::move(text));
}

Value default_value(In&, const Value& v, const A& a) {
  const bool empty = v.is_undefined() || (is_true(a.get(1, "boolean")) && !is_true(v));
  if (!empty) return v;
  return a.has(0, "default_value") ? a.get(0, "default_value") : Value::string("");
}

Value absolute(In&, const Value& v, const A&) {
  require_defined(v);
  if (!v.is_number()) fail_type("bad operand type for abs(): '" + type_name(v) + "'");
  if (v.is(Kind::kFloat)) return Value::real(std::fabs(v.as_double()));
  return v.as_int() == INT64_MIN ? Value::real(std::fabs(v.as_double())) : Value::integer(std::abs(v.as_int()));
}

Value to_whole(In&, const Value& v, const A& a) {
  const Value fallback = a.has(0, "default") ? a.get(0, "default") : Value::integer(0);
  require_defined(v);
  if (v.is(Kind::kBigInt)) return v;
  if (v.is_integral()) return Value::integer(v.as_int());
  double number = 0;
  if (v.is(Kind::kFloat))
    number = v.as_double();
  else if (!v.is(Kind::kString))
    return fallback;
  else {
    const int64_t base = a.has(1, "base") && a.get(1, "base").is_integral() ? a.get(1, "base").as_int() : 10;
    int64_t whole = 0;
    if (parse_whole(v.as_string(), static_cast<int>(std::clamp<int64_t>(base, 2, 36)), whole))
      return Value::integer(whole);
    if (!parse_real(v.as_string(), number)) return fallback;
  }
  constexpr double kLimit = 9.2e18;  // below 2^63
  if (!std::isfinite(number)) {
    if (std::isnan(number) || v.is(Kind::kString)) return fallback;
    throw RenderError("OverflowError", "cannot convert float infinity to integer");
  }
  if (std::fabs(number) >= kLimit) throw RenderError("OverflowError", "a whole number beyond 64 bits");
  return Value::integer(static_cast<int64_t>(number));
}

Value to_real(In&, const Value& v, const A& a) {
  const Value fallback = a.has(0, "default") ? a.get(0, "default") : Value::real(0.0);
  require_defined(v);
  if (v.is_number()) return Value::real(v.as_double());
  double number = 0;
  return v.is(Kind::kString) && parse_real(v.as_string(), number) ? Value::real(number) : fallback;
}

Value rounded(In&, const Value& v, const A& a) {
  require_defined(v);
  if (!v.is_number()) fail_type("type " + type_name(v) + " doesn't define __round__ method");
  const int64_t precision =
      a.has(0, "precision") && a.get(0, "precision").is_integral() ? a.get(0, "precision").as_int() : 0;
  const Value method = a.get(1, "method");
  const double scale = std::pow(10.0, static_cast<double>(precision)), x = v.as_double() * scale;
  if (method.is(Kind::kString) && method.as_string() == "ceil") return Value::real(std::ceil(x) / scale);
  if (method.is(Kind::kString) && method.as_string() == "floor") return Value::real(std::floor(x) / scale);
  if (v.is_integral() && precision >= 0) return Value::integer(v.as_int());
  if (v.is_integral()) return Value::integer(static_cast<int64_t>(std::nearbyint(x) / scale));
  // Python rounds halves to even.
  return Value::real(std::nearbyint(x) / scale);
}

Value items(In& in, const Value& v, const A&) {
  if (v.is_undefined()) return Value::list({}, ListKind::kGenerator);
  if (!v.is(Kind::kDict)) fail_type("Can only get item pairs from a mapping.");
  std::vector<Value> pairs;
  in.charge(v.as_dict().items.size() * 4 * sizeof(Value));
  for (const auto& [key, value] : v.as_dict().items) pairs.push_back(Value::list({key, value}, ListKind::kTuple));
  return Value::list(std::move(pairs), ListKind::kGenerator);
}

Value dictsort(In&, const Value& v, const A& a) {
  if (!v.is(Kind::kDict)) fail_type("dictsort needs a mapping, not " + type_name(v));
  const Value by = a.get(1, "by");
  const bool by_value = by.is(Kind::kString) && by.as_string() == "value";
  std::vector<Value> pairs;
  for (const auto& [key, value] : v.as_dict().items) pairs.push_back(Value::list({key, value}, ListKind::kTuple));
  sort_by(
      pairs,
      [&](const Value& pair) {
        return fold_case(pair.as_list().items[by_value ? 1 : 0], is_true(a.get(0, "case_sensitive")));
      },
      is_true(a.get(2, "reverse")));
  return Value::list(std::move(pairs));
}

Value sort(In& in, const Value& v, const A& a) {
  std::vector<Value> sorted = items_of(v);
  const bool case_sensitive = is_true(a.get(1, "case_sensitive"));
  const std::vector<std::string> names = attribute_names(a.get(2, "attribute"));
  const auto key = [&](const Value& item) {
    if (names.size() < 2) return fold_case(attribute_of(in, item, names.empty() ? "" : names[0]), case_sensitive);
    std::vector<Value> keys;
    for (const std::string& name : names) keys.push_back(fold_case(attribute_of(in, item, name), case_sensitive));
    return Value::list(std::move(keys));
  };
  sort_by(sorted, key, is_true(a.get(0, "reverse")));
  return Value::list(std::move(sorted));
}

Value unique(In& in, const Value& v, const A& a) {
  std::vector<Value> kept, keys;
  const std::vector<std::string> names = attribute_names(a.get(1, "attribute"));
  for (const Value& item : items_of(v)) {
    const Value key =
        fold_case(attribute_of(in, item, names.empty() ? "" : names[0]), is_true(a.get(0, "case_sensitive")));
    in.step();
    const bool known = std::any_of(keys.begin(), keys.end(), [&](const Value& other) { return equal(key, other); });
    if (known) continue;
    keys.push_back(key);
    kept.push_back(item);
  }
  return Value::list(std::move(kept), ListKind::kGenerator);
}

Value extreme(In& in, const Value& v, const A& a, int wanted) {
  const std::vector<std::string> names = attribute_names(a.get(1, "attribute"));
  const auto key = [&](const Value& item) {
    return fold_case(attribute_of(in, item, names.empty() ? "" : names[0]), is_true(a.get(0, "case_sensitive")));
  };
  const std::vector<Value> all = items_of(v);
  if (all.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  Value best = all[0];
  for (const Value& item : all) {
    if (compare(key(item), key(best)) == wanted) best = item;
  }
  return best;
}
Value minimum(In& in, const Value& v, const A& a) { return extreme(in, v, a, -1); }
Value maximum(In& in, const Value& v, const A& a) { return extreme(in, v, a, 1); }

Value sum(In& in, const Value& v, const A& a) {
  const std::vector<std::string> names = attribute_names(a.get(0, "attribute"));
  Value total = a.has(1, "start") ? a.get(1, "start") : Value::integer(0);
  for (const Value& item : items_of(v))
    total = binary(in, "+", total, attribute_of(in, item, names.empty() ? "" : names[0]));
  return total;
}

Value groupby(In& in, const Value& v, const A& a) {
  const std::vector<std::string> names = attribute_names(a.get(0, "attribute"));
  const Value fallback = a.get(1, "default");
  const auto key = [&](const Value& item) {
    const Value found = attribute_of(in, item, names.empty() ? "" : names[0]);
    return found.is_undefined() && !fallback.is_undefined() ? fallback : found;
  };
  std::vector<Value> sorted = items_of(v);
  sort_by(
      sorted, [&](const Value& item) { return fold_case(key(item), is_true(a.get(2, "case_sensitive"))); }, false);
  std::vector<Value> groups;
  for (size_t begin = 0; begin < sorted.size();) {
    std::vector<Value> members;
    const Value name = key(sorted[begin]);
    size_t end = begin;
    for (; end < sorted.size() && equal(fold_case(key(sorted[end]), false), fold_case(name, false)); ++end)
      members.push_back(sorted[end]);
    if (end == begin) ++end;
    groups.push_back(Value::list({name, Value::list(std::move(members))}, ListKind::kGroup));
    begin = end;
  }
  return Value::list(std::move(groups));
}

Value batch(In& in, const Value& v, const A& a) {
  const int64_t size = std::max<int64_t>(1, whole_of(a.get(0, "linecount"), 1));
  std::vector<Value> rows, row;
  const auto flush = [&] {
    if (!row.empty()) rows.push_back(Value::list(std::exchange(row, {})));
  };
  for (const Value& item : items_of(v)) {
    if (static_cast<int64_t>(row.size()) == size) flush();
    row.push_back(item);
  }
  const Value fill = a.get(1, "fill_with");
  while (!fill.is_undefined() && !fill.is(Kind::kNone) && !row.empty() && static_cast<int64_t>(row.size()) < size) {
    in.charge(sizeof(Value));
    row.push_back(fill);
  }
  flush();
  return Value::list(std::move(rows), ListKind::kGenerator);
}

Value slices(In& in, const Value& v, const A& a) {
  const std::vector<Value> all = items_of(v);
  const int64_t count = whole_of(a.get(0, "slices"), 1);
  if (count < 1) throw RenderError("ZeroDivisionError", "slice into no parts");
  in.charge(static_cast<size_t>(std::min<int64_t>(count, int64_t{1} << 40)) * sizeof(Value));
  const auto parts = static_cast<size_t>(count);
  const size_t each = all.size() / parts, longer = all.size() % parts;
  const Value fill = a.get(1, "fill_with");
  std::vector<Value> rows;
  for (size_t i = 0, at = 0; i < parts; ++i) {
    const size_t size = each + (i < longer ? 1 : 0);
    std::vector<Value> row(all.begin() + static_cast<std::ptrdiff_t>(at),
                           all.begin() + static_cast<std::ptrdiff_t>(at + size));
    if (!fill.is_undefined() && !fill.is(Kind::kNone) && i >= longer) row.push_back(fill);
    at += size;
    rows.push_back(Value::list(std::move(row)));
  }
  return Value::list(std::move(rows), ListKind::kGenerator);
}

// map and its kin let anything pass that is empty, none included.
std::vector<Value> items_if_any(const Value& v) { return is_true(v) ? items_of(v) : std::vector<Value>(); }

Value map(In& in, const Value& v, const A& a) {
  std::vector<Value> result;
  const bool by_attribute = a.positional.empty();
  const std::vector<std::string> names = attribute_names(a.get(99, "attribute"));
  if (by_attribute && names.empty()) throw RenderError("FilterArgumentError", "map requires a filter argument");
  for (const Value& item : items_if_any(v)) {
    in.step();
    if (by_attribute) {
      const Value found = attribute_of(in, item, names[0]);
      result.push_back(found.is_undefined() && a.has(99, "default") ? a.get(99, "default") : found);
    } else {
      result.push_back(in.filter(to_text(a.positional[0]), item, tail(a, 1)));
    }
  }
  return Value::list(std::move(result), ListKind::kGenerator);
}

Value choose(In& in, const Value& v, const A& a, bool wanted, bool by_attribute) {
  std::vector<Value> kept;
  const size_t test_at = by_attribute ? 1 : 0;
  if (a.positional.size() < test_at) throw RenderError("FilterArgumentError", "Missing parameter for attribute name");
  for (const Value& item : items_if_any(v)) {
    in.step();
    const Value subject = by_attribute ? attribute_of(in, item, to_text(a.get(0, ""))) : item;
    const bool has_test = a.positional.size() > test_at;
    const bool holds =
        has_test ? in.test(to_text(a.positional[test_at]), subject, tail(a, test_at + 1)) : is_true(subject);
    if (holds == wanted) kept.push_back(item);
  }
  return Value::list(std::move(kept), ListKind::kGenerator);
}
Value select(In& in, const Value& v, const A& a) { return choose(in, v, a, true, false); }
Value reject(In& in, const Value& v, const A& a) { return choose(in, v, a, false, false); }
Value selectattr(In& in, const Value& v, const A& a) { return choose(in, v, a, true, true); }
Value rejectattr(In& in, const Value& v, const A& a) { return choose(in, v, a, false, true); }

Value attr(In& in, const Value& v, const A& a) {
  const std::string name = to_text(a.get(0, "name"));
  // Unlike v.name this never looks at the keys of a dictionary.
  Value out;
  if (v.is(Kind::kDict))
    return find_method(v, name, out) ? out : Value::undefined("'dict object' has no attribute '" + name + "'");
  return in.attribute(v, name);
}

constexpr TableRow<FilterFunction> kRows[] = {
    {"abs", &absolute},
    {"attr", &attr, 1, 1},
    {"batch", &batch, 1, 2},
    {"capitalize", &filter_capitalize},
    {"center", &filter_center, 0, 1},
    {"count", &length},
    {"d", &default_value, 0, 2},
    {"default", &default_value, 0, 2},
    {"dictsort", &dictsort, 0, 3},
    {"e", &filter_escape},
    {"escape", &filter_escape},
    {"filesizeformat", &filter_file_size, 0, 1},
    {"first", &first},
    {"float", &to_real, 0, 1},
    {"forceescape", &filter_force_escape},
    {"format", &filter_format, 0, kAnyNumber},
    {"groupby", &groupby, 1, 3},
    {"indent", &filter_indent, 0, 3},
    {"int", &to_whole, 0, 2},
    {"items", &items},
    {"join", &filter_join, 0, 2},
    {"last", &last},
    {"length", &length},
    {"list", &list},
    {"lower", &filter_lower},
    {"map", &map, 0, kAnyNumber},
    {"max", &maximum, 0, 2},
    {"min", &minimum, 0, 2},
    {"pprint", &filter_pprint},
    {"reject", &reject, 0, kAnyNumber},
    {"rejectattr", &rejectattr, 0, kAnyNumber},
    {"replace", &filter_replace, 2, 3},
    {"reverse", &reverse},
    {"round", &rounded, 0, 2},
    {"safe", &filter_safe},
    {"select", &select, 0, kAnyNumber},
    {"selectattr", &selectattr, 0, kAnyNumber},
    {"slice", &slices, 1, 2},
    {"sort", &sort, 0, 3},
    {"string", &filter_string},
    {"striptags", &filter_strip_tags},
    {"sum", &sum, 0, 2},
    {"title", &filter_title},
    {"tojson", &filter_to_json, 0, 4},
    {"trim", &filter_trim, 0, 1},
    {"truncate", &filter_truncate, 0, 4},
    {"unique", &unique, 0, 2},
    {"upper", &filter_upper},
    {"urlencode", &filter_url_encode},
    {"wordcount", &filter_word_count},
    {"wordwrap", &filter_word_wrap, 0, 4},
    {"xmlattr", &filter_xml_attributes, 0, 1},
};

}  // namespace

const TableRow<FilterFunction>* find_filter(const std::string& name) {
  const auto* const row =
      std::find_if(std::begin(kRows), std::end(kRows), [&name](const auto& r) { return r.name == name; });
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace rondo::text::jinja
