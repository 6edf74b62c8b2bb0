// SPDX-License-Identifier: Apache-2.0
// Filters that make texts.
#include <algorithm>
#include <cmath>
#include <utility>

#include "rondo/text/jinja/filter_helpers.h"
#include "rondo/text/jinja/text_cases.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text::jinja {
namespace {

// Jinja's soft_str: a text stays what it is, anything else becomes its text.
Value soft(const Value& value) { return value.is(Kind::kString) ? value : Value::string(to_text(value)); }

Value like(const Value& source, std::string text) { return Value::string(std::move(text), source.is_markup()); }

Value call_method(In& in, const Value& value, const char* name, const A& a) {
  Value method;
  RONDO_ASSERT(find_method(soft(value), name, method), "texts have this method");
  return in.call(method, a);
}

std::string text_or(const Value& value, const std::string& fallback) {
  return value.is_undefined() ? fallback : to_text(value);
}

}  // namespace

Value filter_upper(In&, const Value& v, const A&) { return like(v, upper_text(to_text(v))); }
Value filter_lower(In&, const Value& v, const A&) { return like(v, lower_text(to_text(v))); }
Value filter_capitalize(In&, const Value& v, const A&) { return like(v, capitalize_text(to_text(v))); }
Value filter_string(In&, const Value& v, const A&) { return soft(v); }
Value filter_safe(In&, const Value& v, const A&) { return Value::string(to_text(v), true); }
Value filter_escape(In&, const Value& v, const A&) {
  return v.is_markup() ? v : Value::string(escape_html(to_text(v)), true);
}
Value filter_force_escape(In&, const Value& v, const A&) { return Value::string(escape_html(to_text(v)), true); }
Value filter_pprint(In&, const Value& v, const A&) { return Value::string(to_repr(v)); }
Value filter_center(In& in, const Value& v, const A& a) {
  A passed = a;
  if (!a.has(0, "width")) {
    passed.positional.push_back(Value::integer(80));
  } else if (a.positional.empty()) {
    passed.positional.push_back(a.get(0, "width"));
  }
  return call_method(in, v, "center", passed);
}
Value filter_replace(In& in, const Value& v, const A& a) {
  A passed;
  passed.positional = {soft(a.get(0, "old")), soft(a.get(1, "new"))};
  if (a.has(2, "count")) passed.positional.push_back(a.get(2, "count"));
  return call_method(in, v, "replace", passed);
}
Value filter_trim(In&, const Value& v, const A& a) {
  const Value characters = a.get(0, "chars");
  return like(v, strip_text(to_text(v), characters.is(Kind::kString) ? characters.as_string() : "", true, true));
}

// Words begin after white space and after - ( { [ <.
Value filter_title(In&, const Value& v, const A&) {
  std::string out, word;
  const auto flush = [&] {
    if (!word.empty()) out += capitalize_text(word);
    word.clear();
  };
  const std::string text = to_text(v);
  for (size_t pos = 0; pos < text.size();) {
    const size_t begin = pos;
    const char32_t c = next_code_point(text, pos);
    const bool breaks = is_white_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
    if (breaks) flush();
    (breaks ? out : word) += text.substr(begin, pos - begin);
  }
  flush();
  return like(v, out);
}

Value filter_join(In& in, const Value& v, const A& a) {
  const std::string separator = text_or(a.get(0, "d"), "");
  const std::vector<std::string> names = attribute_names(a.get(1, "attribute"));
  std::string out;
  bool is_first = true;
  for (const Value& item : items_of(v)) {
    const std::string text = to_text(attribute_of(in, item, names.empty() ? "" : names[0]));
    in.charge(text.size() + separator.size());
    if (!is_first) out += separator;
    out += text;
    is_first = false;
  }
  return Value::string(std::move(out));
}

Value filter_to_json(In& in, const Value& v, const A& a) {
  JsonStyle style;
  style.ensure_ascii = is_true(a.get(0, "ensure_ascii"));
  const Value indent = a.get(1, "indent"), separators = a.get(2, "separators");
  style.sort_keys = is_true(a.get(3, "sort_keys"));
  if (indent.is(Kind::kString)) style.indent = indent.as_string();
  if (indent.is_integral()) {
    in.charge(static_cast<size_t>(std::clamp<int64_t>(indent.as_int(), 0, int64_t{1} << 40)));
    style.indent = std::string(static_cast<size_t>(std::max<int64_t>(0, indent.as_int())), ' ');
  }
  style.has_indent = indent.is(Kind::kString) || indent.is_integral();
  if (style.has_indent) style.item_separator = ",";
  if (separators.is(Kind::kList)) {
    const auto& pair = separators.as_list().items;
    if (pair.size() != 2) fail_value("separators must be two texts");
    style.item_separator = to_text(pair[0]);
    style.key_separator = to_text(pair[1]);
  }
  return Value::string(to_json(v, style));
}

Value filter_indent(In& in, const Value& v, const A& a) {
  require_defined(v);
  if (!v.is(Kind::kString)) fail_type("unsupported operand type(s) for +=: '" + type_name(v) + "' and 'str'");
  const Value width = a.get(0, "width");
  in.charge(width.is_integral() ? static_cast<size_t>(std::clamp<int64_t>(width.as_int(), 0, int64_t{1} << 40)) : 0);
  const std::string margin = width.is(Kind::kString)
                                 ? width.as_string()
                                 : std::string(static_cast<size_t>(std::max<int64_t>(0, whole_of(width, 4))), ' ');
  const bool first = is_true(a.get(1, "first")), blank = is_true(a.get(2, "blank"));
  const std::string text = to_text(v) + "\n";
  std::string out;
  bool is_first = true;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end - begin);
    if (!is_first) out += '\n';
    if (is_first ? first : (blank || !line.empty())) out += margin;
    in.charge(margin.size() + line.size());
    out += line;
    is_first = false;
    begin = end + 1;
  }
  return like(v, out);
}

Value filter_format(In&, const Value& v, const A& a) {
  if (a.named.empty()) return Value::string(format_percent(to_text(v), Value::list(a.positional, ListKind::kTuple)));
  std::vector<std::pair<Value, Value>> named;
  for (const auto& [key, value] : a.named) named.emplace_back(Value::string(key), value);
  return Value::string(format_percent(to_text(v), Value::dict(std::move(named))));
}

Value filter_truncate(In&, const Value& v, const A& a) {
  // Anything short enough stays what it is.
  const int64_t allowed = whole_of(a.get(0, "length"), 255) + whole_of(a.get(3, "leeway"), 5);
  if (!v.is(Kind::kString) && length_of(v) <= allowed) return v;
  const std::string text = to_text(v), end = text_or(a.get(2, "end"), "...");
  const int64_t length = whole_of(a.get(0, "length"), 255), leeway = whole_of(a.get(3, "leeway"), 5);
  const auto count = static_cast<int64_t>(count_code_points(text)),
             tail_count = static_cast<int64_t>(count_code_points(end));
  if (length < tail_count) throw RenderError("AssertionError", "expected length >= " + std::to_string(tail_count));
  if (count <= length + std::max<int64_t>(0, leeway)) return soft(v);
  std::string head = slice(Value::string(text), 0, length - tail_count, std::nullopt).as_string();
  if (!is_true(a.get(1, "killwords")))
    head = head.substr(0, head.rfind(' ') == std::string::npos ? head.size() : head.rfind(' '));
  return Value::string(head + end);
}

Value filter_word_count(In& in, const Value& v, const A&) {
  in.charge(to_text(v).size());
  int64_t words = 0;
  bool inside = false;
  const std::string text = to_text(v);
  for (size_t pos = 0; pos < text.size();) {
    const bool word = is_word(next_code_point(text, pos));
    words += word && !inside ? 1 : 0;
    inside = word;
  }
  return Value::integer(words);
}

Value filter_word_wrap(In&, const Value& v, const A& a) {
  const auto width = static_cast<size_t>(std::max<int64_t>(1, whole_of(a.get(0, "width"), 79)));
  const std::string separator = text_or(a.get(2, "wrapstring"), "\n");
  std::string out, line;
  size_t count = 0;
  const std::string text = to_text(v) + " ";
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find_first_of(" \n", begin);
    const std::string word = text.substr(begin, end - begin);
    const size_t letters = count_code_points(word);
    if (count > 0 && count + 1 + letters > width) {
      out += line + separator;
      line.clear();
      count = 0;
    }
    line += (line.empty() ? "" : " ") + word;
    count += letters + (count > 0 ? 1 : 0);
    if (text[end] == '\n') {
      out += line + separator;
      line.clear();
      count = 0;
    }
    begin = end + 1;
  }
  return Value::string(out + line);
}

Value filter_strip_tags(In&, const Value& v, const A&) {
  std::string plain;
  bool inside = false;
  for (const char c : to_text(v)) {
    if (c == '<') inside = true;
    if (!inside) plain += c;
    if (c == '>') inside = false;
  }
  // White space collapses to single spaces.
  std::string out;
  for (const char c : strip_text(plain, "", true, true)) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!space || !out.ends_with(' ')) out += space ? ' ' : c;
  }
  return Value::string(std::move(out));
}

Value filter_url_encode(In&, const Value& v, const A&) {
  constexpr const char* kHex = "0123456789ABCDEF";
  const auto encode = [](const std::string& text, bool keep_slash) {
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool keeps =
          std::isalnum(byte) != 0 || c == '_' || c == '.' || c == '-' || c == '~' || (keep_slash && c == '/');
      if (keeps)
        out += c;
      else
        out += std::string("%") + kHex[byte >> 4] + kHex[byte & 15];
    }
    return out;
  };
  if (!v.is(Kind::kDict)) return Value::string(encode(to_text(v), true));
  std::string out;
  for (const auto& [key, value] : v.as_dict().items) {
    out += (out.empty() ? "" : "&") + encode(to_text(key), false) + "=" + encode(to_text(value), false);
  }
  return Value::string(std::move(out));
}

// {"a": 1, "b": none} -> ' a="1"'
Value filter_xml_attributes(In&, const Value& v, const A& a) {
  if (!v.is(Kind::kDict)) fail_type("xmlattr needs a mapping, not " + type_name(v));
  std::string out;
  for (const auto& [key, value] : v.as_dict().items) {
    if (value.is(Kind::kNone) || value.is_undefined()) continue;
    const std::string name = to_text(key);
    if (name.find_first_of(" \t\n\v\f\r/>=") != std::string::npos)
      fail_value("Invalid character in attribute name: " + to_repr(key));
    out += (out.empty() ? "" : " ") + escape_html(name) + "=\"" + escape_html(to_text(value)) + "\"";
  }
  const bool spaces = !a.has(0, "autospace") || is_true(a.get(0, "autospace"));
  return Value::string(spaces && !out.empty() ? " " + out : out);
}

Value filter_file_size(In&, const Value& v, const A& a) {
  double bytes = v.is_number() ? v.as_double() : 0;
  if (v.is(Kind::kString) && !parse_real(v.as_string(), bytes)) fail_value("could not convert string to float");
  const bool binary_units = is_true(a.get(0, "binary"));
  const double base = binary_units ? 1024 : 1000;
  if (bytes == 1) return Value::string("1 Byte");
  if (bytes < base) return Value::string(std::to_string(static_cast<int64_t>(bytes)) + " Bytes");
  static constexpr const char* kUnits[] = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
  size_t unit = 0;
  double scaled = bytes / base;
  while (scaled >= base && unit + 1 < std::size(kUnits)) {
    scaled /= base;
    ++unit;
  }
  const std::string number = format_percent("%.1f", Value::real(scaled));
  std::string name = kUnits[unit];
  if (binary_units) name = (name == "k" ? "K" : name) + "i";
  return Value::string(number + " " + name + "B");
}

}  // namespace rondo::text::jinja
