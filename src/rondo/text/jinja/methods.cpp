// SPDX-License-Identifier: Apache-2.0
// Methods of texts, lists and dictionaries. Each row gets the object and the arguments of the call.
#include "rondo/text/jinja/methods.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <utility>

#include "rondo/text/jinja/text_cases.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text::jinja {
namespace {

using Row = MethodRow;

std::string text_argument(const A& a, size_t index, const char* what) {
  const Value value = a.get(index, what);
  if (!value.is(Kind::kString)) fail_type(std::string("a text is needed, not ") + type_name(value));
  return value.as_string();
}

// strip(), strip(none), strip("chars")
std::string optional_text(const A& a, size_t index, const char* name) {
  const Value value = a.get(index, name);
  return value.is_undefined() || value.is(Kind::kNone) ? std::string() : text_argument(a, index, name);
}

int64_t whole_argument(const A& a, size_t index, const char* name, int64_t fallback) {
  const Value value = a.get(index, name);
  if (value.is_undefined() || value.is(Kind::kNone)) return fallback;
  if (!value.is_integral()) fail_type("'" + type_name(value) + "' object cannot be interpreted as an integer");
  return value.as_int();
}

Value like(const Value& self, std::string text) { return Value::string(std::move(text), self.is_markup()); }

Value upper(In&, const Value& s, const A&) { return like(s, upper_text(s.as_string())); }
Value lower(In&, const Value& s, const A&) { return like(s, lower_text(s.as_string())); }
Value capitalize(In&, const Value& s, const A&) { return like(s, capitalize_text(s.as_string())); }
Value title(In&, const Value& s, const A&) { return like(s, title_text(s.as_string())); }
Value strip(In&, const Value& s, const A& a) {
  return like(s, strip_text(s.as_string(), optional_text(a, 0, ""), true, true));
}
Value lstrip(In&, const Value& s, const A& a) {
  return like(s, strip_text(s.as_string(), optional_text(a, 0, ""), true, false));
}
Value rstrip(In&, const Value& s, const A& a) {
  return like(s, strip_text(s.as_string(), optional_text(a, 0, ""), false, true));
}

Value split_at_spaces(const std::string& text, int64_t most, bool from_right) {
  std::vector<std::string> parts;
  std::string rest = strip_text(text, "", !from_right, from_right);
  while (!strip_text(rest, "", true, true).empty()) {
    if (most >= 0 && static_cast<int64_t>(parts.size()) == most) {
      parts.push_back(rest);
      break;
    }
    size_t cut = std::string::npos;
    for (size_t pos = 0; pos < rest.size();) {
      const size_t begin = pos;
      if (!is_white_space(next_code_point(rest, pos))) continue;
      cut = from_right ? pos : begin;
      if (!from_right) break;
    }
    if (cut == std::string::npos) {
      parts.push_back(rest);
      break;
    }
    parts.push_back(from_right ? rest.substr(cut) : rest.substr(0, cut));
    rest =
        from_right ? strip_text(rest.substr(0, cut), "", false, true) : strip_text(rest.substr(cut), "", true, false);
  }
  if (from_right) std::reverse(parts.begin(), parts.end());
  std::vector<Value> items;
  for (std::string& part : parts) items.push_back(Value::string(std::move(part)));
  return Value::list(std::move(items));
}

Value split_by(const Value& s, const A& a, bool from_right) {
  const std::string& text = s.as_string();
  const int64_t most = whole_argument(a, 1, "maxsplit", -1);
  const std::string separator = optional_text(a, 0, "sep");
  if (separator.empty()) {
    if (a.has(0, "sep") && a.get(0, "sep").is(Kind::kString)) fail_value("empty separator");
    return split_at_spaces(text, most, from_right);
  }
  std::vector<Value> items;
  size_t begin = 0, end = text.size();
  while (most < 0 || static_cast<int64_t>(items.size()) < most) {
    if (from_right) {
      const size_t cut = end >= separator.size() ? text.rfind(separator, end - separator.size()) : std::string::npos;
      if (cut == std::string::npos) break;
      items.push_back(Value::string(text.substr(cut + separator.size(), end - cut - separator.size())));
      end = cut;
    } else {
      const size_t cut = text.find(separator, begin);
      if (cut == std::string::npos) break;
      items.push_back(Value::string(text.substr(begin, cut - begin)));
      begin = cut + separator.size();
    }
  }
  items.push_back(Value::string(text.substr(begin, end - begin)));
  if (from_right) std::reverse(items.begin(), items.end());
  return Value::list(std::move(items));
}

Value split(In&, const Value& s, const A& a) { return split_by(s, a, false); }
Value rsplit(In&, const Value& s, const A& a) { return split_by(s, a, true); }

Value splitlines(In&, const Value& s, const A& a) {
  const bool keep = is_true(a.get(0, "keepends"));
  const std::string& text = s.as_string();
  std::vector<Value> lines;
  size_t begin = 0;
  for (size_t pos = 0; pos < text.size();) {
    const size_t start = pos;
    const char32_t c = next_code_point(text, pos);
    const bool is_end = (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (!is_end) continue;
    if (c == '\r' && pos < text.size() && text[pos] == '\n') ++pos;
    lines.push_back(Value::string(text.substr(begin, (keep ? pos : start) - begin)));
    begin = pos;
  }
  if (begin < text.size()) lines.push_back(Value::string(text.substr(begin)));
  return Value::list(std::move(lines));
}

// startswith(x), startswith((x, y)), with an optional start and end in characters.
bool affix_matches(const Value& s, const A& a, bool at_start) {
  std::string text = s.as_string();
  if (a.positional.size() > 1) {
    const Value part =
        slice(s, whole_argument(a, 1, "", 0),
              a.positional.size() > 2 ? std::optional(whole_argument(a, 2, "", 0)) : std::nullopt, std::nullopt);
    text = part.as_string();
  }
  const auto fits = [&](const Value& affix) {
    if (!affix.is(Kind::kString)) fail_type("first arg must be str or a tuple of str, not " + type_name(affix));
    return at_start ? text.starts_with(affix.as_string()) : text.ends_with(affix.as_string());
  };
  const Value wanted = a.get(0, "");
  const bool is_tuple = wanted.is(Kind::kList) && wanted.as_list().kind == ListKind::kTuple;
  if (!is_tuple) return fits(wanted);
  return std::any_of(wanted.as_list().items.begin(), wanted.as_list().items.end(), fits);
}
Value startswith(In&, const Value& s, const A& a) { return Value::boolean(affix_matches(s, a, true)); }
Value endswith(In&, const Value& s, const A& a) { return Value::boolean(affix_matches(s, a, false)); }

int64_t find_place(const Value& s, const A& a, bool last) {
  const std::string wanted = text_argument(a, 0, "sub");
  const int64_t count = length_of(s);
  int64_t from = whole_argument(a, 1, "", 0), to = whole_argument(a, 2, "", count);
  from = std::clamp<int64_t>(from < 0 ? from + count : from, 0, count);
  to = std::clamp<int64_t>(to < 0 ? to + count : to, 0, count);
  if (from > to) return -1;
  const std::string part = slice(s, from, to, std::nullopt).as_string();
  const size_t place = last ? part.rfind(wanted) : part.find(wanted);
  return place == std::string::npos ? -1 : from + static_cast<int64_t>(count_code_points(part.substr(0, place)));
}
Value find(In&, const Value& s, const A& a) { return Value::integer(find_place(s, a, false)); }
Value rfind(In&, const Value& s, const A& a) { return Value::integer(find_place(s, a, true)); }
Value text_index(In&, const Value& s, const A& a) {
  const int64_t place = find_place(s, a, false);
  if (place < 0) fail_value("substring not found");
  return Value::integer(place);
}

Value text_rindex(In&, const Value& s, const A& a) {
  const int64_t place = find_place(s, a, true);
  if (place < 0) fail_value("substring not found");
  return Value::integer(place);
}

Value replace(In& in, const Value& s, const A& a) {
  const std::string& text = s.as_string();
  const std::string from = text_argument(a, 0, "old"), to = text_argument(a, 1, "new");
  int64_t most = whole_argument(a, 2, "count", -1);
  std::string out;
  size_t pos = 0;
  for (; most != 0 && pos <= text.size(); --most) {
    const size_t place = from.empty() ? pos : text.find(from, pos);
    if (place == std::string::npos) break;
    out.append(text, pos, place - pos);
    out += to;
    in.charge(to.size() + 1);
    pos = place + from.size();
    if (!from.empty()) continue;
    // An empty text stands between all characters.
    if (pos >= text.size()) return like(s, out);
    const size_t length = utf8_length(text[pos]);
    out.append(text, pos, length);
    pos += length;
  }
  if (pos < text.size()) out += text.substr(pos);
  return like(s, out);
}

Value count_text(In&, const Value& s, const A& a) {
  const std::string wanted = text_argument(a, 0, "sub");
  if (wanted.empty()) return Value::integer(length_of(s) + 1);
  int64_t count = 0;
  for (size_t pos = s.as_string().find(wanted); pos != std::string::npos;
       pos = s.as_string().find(wanted, pos + wanted.size()))
    ++count;
  return Value::integer(count);
}

Value join(In& in, const Value& s, const A& a) {
  std::string out;
  bool is_first = true;
  if (!a.has(0, "")) fail_type("str.join() takes exactly one argument (0 given)");
  for (const Value& item : items_of(a.get(0, "iterable"))) {
    if (!item.is(Kind::kString)) fail_type("sequence item: expected str instance, " + type_name(item) + " found");
    in.charge(item.as_string().size() + s.as_string().size());
    if (!is_first) out += s.as_string();
    out += item.as_string();
    is_first = false;
  }
  return Value::string(std::move(out));
}

template <bool (*kHolds)(char32_t)>
Value every(In&, const Value& s, const A&) {
  return Value::boolean(all_characters(s.as_string(), kHolds));
}
Value isupper(In&, const Value& s, const A&) { return Value::boolean(is_upper_text(s.as_string())); }
Value islower(In&, const Value& s, const A&) { return Value::boolean(is_lower_text(s.as_string())); }

Value pad(In& in, const Value& s, const A& a, bool left, bool right) {
  if (!a.has(0, "")) fail_type("expected at least 1 argument, got 0");
  const int64_t missing = whole_argument(a, 0, "width", 0) - length_of(s);
  if (missing <= 0) return s;
  const std::string fill = a.has(1, "fillchar") ? text_argument(a, 1, "fillchar") : " ";
  in.charge(static_cast<size_t>(missing) * fill.size());
  const int64_t before = left && right ? missing / 2 + (missing & whole_argument(a, 0, "width", 0) & 1)
                         : left        ? missing
                                       : 0;
  std::string out;
  for (int64_t i = 0; i < before; ++i) out += fill;
  out += s.as_string();
  for (int64_t i = before; i < missing; ++i) out += fill;
  return like(s, out);
}
Value center(In& in, const Value& s, const A& a) { return pad(in, s, a, true, true); }
Value rjust(In& in, const Value& s, const A& a) { return pad(in, s, a, true, false); }
Value ljust(In& in, const Value& s, const A& a) { return pad(in, s, a, false, true); }

Value removeprefix(In&, const Value& s, const A& a) {
  const std::string affix = text_argument(a, 0, "");
  return like(s, s.as_string().starts_with(affix) ? s.as_string().substr(affix.size()) : s.as_string());
}
Value removesuffix(In&, const Value& s, const A& a) {
  const std::string affix = text_argument(a, 0, "");
  return like(
      s, s.as_string().ends_with(affix) ? s.as_string().substr(0, s.as_string().size() - affix.size()) : s.as_string());
}

Value partition_at(const Value& s, const A& a, bool last) {
  const std::string& text = s.as_string();
  const std::string separator = text_argument(a, 0, "sep");
  if (separator.empty()) fail_value("empty separator");
  const size_t place = last ? text.rfind(separator) : text.find(separator);
  std::vector<std::string> parts =
      last ? std::vector<std::string>{"", "", text} : std::vector<std::string>{text, "", ""};
  if (place != std::string::npos) parts = {text.substr(0, place), separator, text.substr(place + separator.size())};
  std::vector<Value> items;
  for (std::string& part : parts) items.push_back(Value::string(std::move(part)));
  return Value::list(std::move(items), ListKind::kTuple);
}
Value partition(In&, const Value& s, const A& a) { return partition_at(s, a, false); }
Value rpartition(In&, const Value& s, const A& a) { return partition_at(s, a, true); }

Value list_index(In&, const Value& s, const A& a) {
  const auto& items = s.as_list().items;
  const Value wanted = a.get(0, "value");
  for (size_t i = 0; i < items.size(); ++i) {
    if (equal(items[i], wanted)) return Value::integer(static_cast<int64_t>(i));
  }
  fail_value(to_repr(wanted) + " is not in list");
}
Value list_count(In&, const Value& s, const A& a) {
  const auto& items = s.as_list().items;
  const Value wanted = a.get(0, "value");
  return Value::integer(
      std::count_if(items.begin(), items.end(), [&wanted](const Value& item) { return equal(item, wanted); }));
}
Value copy(In&, const Value& s, const A&) { return s; }

Value get(In&, const Value& s, const A& a) {
  const Value* const found = find_key(s.as_dict(), a.get(0, "key"));
  if (found != nullptr) return *found;
  return a.has(1, "default") ? a.get(1, "default") : Value::none();
}
Value dict_part(const Value& s, ListKind kind) {
  std::vector<Value> items;
  for (const auto& [key, value] : s.as_dict().items) {
    if (kind == ListKind::kDictItems)
      items.push_back(Value::list({key, value}, ListKind::kTuple));
    else
      items.push_back(kind == ListKind::kDictKeys ? key : value);
  }
  return Value::list(std::move(items), kind);
}
Value dict_items(In& in, const Value& s, const A&) {
  in.charge(s.as_dict().items.size() * 4 * sizeof(Value));
  return dict_part(s, ListKind::kDictItems);
}
Value dict_keys(In&, const Value& s, const A&) { return dict_part(s, ListKind::kDictKeys); }
Value dict_values(In&, const Value& s, const A&) { return dict_part(s, ListKind::kDictValues); }

bool is_letter(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0; }
bool is_decimal(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_ND_MASK) != 0; }
bool is_letter_or_number(char32_t c) { return is_letter(c) || is_numeric(c); }

constexpr Row kTextMethods[] = {
    {"capitalize", &capitalize},
    {"center", &center},
    {"count", &count_text},
    {"endswith", &endswith},
    {"find", &find},
    {"index", &text_index},
    {"isalnum", &every<is_letter_or_number>},
    {"isalpha", &every<is_letter>},
    {"isdecimal", &every<is_decimal>},
    {"isdigit", &every<is_decimal>},
    {"islower", &islower},
    {"isnumeric", &every<is_numeric>},
    {"isspace", &every<is_white_space>},
    {"isupper", &isupper},
    {"join", &join},
    {"ljust", &ljust},
    {"lower", &lower},
    {"lstrip", &lstrip},
    {"partition", &partition},
    {"removeprefix", &removeprefix},
    {"removesuffix", &removesuffix},
    {"replace", &replace},
    {"rfind", &rfind},
    {"rindex", &text_rindex},
    {"rjust", &rjust},
    {"rpartition", &rpartition},
    {"rsplit", &rsplit},
    {"rstrip", &rstrip},
    {"split", &split},
    {"splitlines", &splitlines},
    {"startswith", &startswith},
    {"strip", &strip},
    {"title", &title},
    {"upper", &upper},
};
constexpr Row kListMethods[] = {{"copy", &copy}, {"count", &list_count}, {"index", &list_index}};
constexpr Row kDictMethods[] = {
    {"copy", &copy}, {"get", &get}, {"items", &dict_items}, {"keys", &dict_keys}, {"values", &dict_values}};

template <size_t kSize>
Method find_row(const Row (&rows)[kSize], const std::string& name) {
  for (const Row& row : rows) {
    if (row.name == name) return row.method;
  }
  return nullptr;
}

}  // namespace

bool find_method(const Value& object, const std::string& name, Value& out) {
  Method method = nullptr;
  if (object.is(Kind::kString)) method = find_row(kTextMethods, name);
  if (object.is(Kind::kString) && method == nullptr) method = find_rare_text_method(name);
  if (object.is_number()) method = find_number_method(object, name);
  if (object.is(Kind::kDict)) method = find_row(kDictMethods, name);
  const bool is_sequence =
      object.is(Kind::kList) && (is_list_or_tuple(object.as_list().kind) || object.as_list().kind == ListKind::kRange);
  if (is_sequence) method = find_row(kListMethods, name);
  if (method == &copy && is_sequence && object.as_list().kind != ListKind::kList) method = nullptr;
  if (method == nullptr) return false;
  out = make_function(name, [object, method](Interpreter& in, const Arguments& a) { return method(in, object, a); });
  return true;
}

}  // namespace rondo::text::jinja
