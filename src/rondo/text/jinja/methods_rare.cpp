// SPDX-License-Identifier: Apache-2.0
// Methods of texts that templates seldom call, and of numbers.
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cmath>

#include "rondo/text/jinja/methods.h"
#include "rondo/text/jinja/text_cases.h"
#include "rondo/text/jinja/text_format.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text::jinja {
namespace {

Value like(const Value& self, std::string text) { return Value::string(std::move(text), self.is_markup()); }

Value format(In& in, const Value& s, const A& a) { return like(s, format_text(in, s.as_string(), a)); }

Value format_map(In& in, const Value& s, const A& a) {
  const Value mapping = a.get(0, "mapping");
  if (!mapping.is(Kind::kDict)) fail_type("format_map() needs a mapping, not " + type_name(mapping));
  Arguments values;
  for (const auto& [key, value] : mapping.as_dict().items) {
    if (key.is(Kind::kString)) values.named.emplace_back(key.as_string(), value);
  }
  return like(s, format_text(in, s.as_string(), values));
}

bool has_case(char32_t c) {
  return u_isULowercase(static_cast<UChar32>(c)) != 0 || u_isUUppercase(static_cast<UChar32>(c)) != 0 ||
         u_istitle(static_cast<UChar32>(c)) != 0;
}

Value isascii(In&, const Value& s, const A&) { return Value::boolean(is_ascii(s.as_string())); }

Value isidentifier(In&, const Value& s, const A&) {
  bool is_first = true;
  const std::string& text = s.as_string();
  for (size_t pos = 0; pos < text.size();) {
    const auto c = static_cast<UChar32>(next_code_point(text, pos));
    const bool fits = c == '_' || u_hasBinaryProperty(c, is_first ? UCHAR_XID_START : UCHAR_XID_CONTINUE) != 0;
    if (!fits) return Value::boolean(false);
    is_first = false;
  }
  return Value::boolean(!text.empty());
}

Value isprintable(In&, const Value& s, const A&) {
  constexpr uint32_t kHidden = U_GC_C_MASK | U_GC_Z_MASK;
  const std::string& text = s.as_string();
  for (size_t pos = 0; pos < text.size();) {
    const char32_t c = next_code_point(text, pos);
    if (c != ' ' && (U_GET_GC_MASK(static_cast<UChar32>(c)) & kHidden) != 0) return Value::boolean(false);
  }
  return Value::boolean(true);
}

// Capitals behind letters without case only, small letters behind letters only, and at least one of either.
Value istitle(In&, const Value& s, const A&) {
  bool after_letter = false, seen = false;
  const std::string& text = s.as_string();
  for (size_t pos = 0; pos < text.size();) {
    const char32_t c = next_code_point(text, pos);
    const bool small = u_isULowercase(static_cast<UChar32>(c)) != 0, cased = has_case(c);
    if (cased && small != after_letter) return Value::boolean(false);
    after_letter = cased;
    seen = seen || cased;
  }
  return Value::boolean(seen);
}

Value swapcase(In&, const Value& s, const A&) {
  std::string out;
  const std::string& text = s.as_string();
  for (size_t pos = 0; pos < text.size();) {
    const size_t begin = pos;
    const auto c = static_cast<UChar32>(next_code_point(text, pos));
    const std::string letter = text.substr(begin, pos - begin);
    out += u_isULowercase(c) != 0 ? upper_text(letter) : u_isUUppercase(c) != 0 ? lower_text(letter) : letter;
  }
  return like(s, out);
}

Value casefold(In&, const Value& s, const A&) {
  icu::UnicodeString text = icu::UnicodeString::fromUTF8(s.as_string());
  std::string out;
  text.foldCase().toUTF8String(out);
  return like(s, out);
}

int64_t whole_argument(const A& a, size_t index, const char* name, int64_t fallback) {
  const Value value = a.get(index, name);
  if (value.is_undefined() && !a.has(index, name)) return fallback;
  if (!value.is_integral()) fail_type("'" + type_name(value) + "' object cannot be interpreted as an integer");
  return value.as_int();
}

Value expandtabs(In& in, const Value& s, const A& a) {
  const int64_t size = whole_argument(a, 0, "tabsize", 8);
  std::string out;
  int64_t column = 0;
  const std::string& text = s.as_string();
  for (size_t pos = 0; pos < text.size();) {
    const size_t begin = pos;
    const char32_t c = next_code_point(text, pos);
    if (c == '\t') {
      const int64_t count = size > 0 ? size - column % size : 0;
      in.charge(static_cast<size_t>(count));
      out.append(static_cast<size_t>(count), ' ');
      column += count;
      continue;
    }
    out.append(text, begin, pos - begin);
    column = c == '\n' || c == '\r' ? 0 : column + 1;
  }
  return like(s, out);
}

Value zfill(In& in, const Value& s, const A& a) {
  const int64_t missing = whole_argument(a, 0, "width", 0) - length_of(s);
  if (missing <= 0) return s;
  in.charge(static_cast<size_t>(missing));
  const std::string& text = s.as_string();
  const size_t sign = text.starts_with('+') || text.starts_with('-') ? 1 : 0;
  return like(s, text.substr(0, sign) + std::string(static_cast<size_t>(missing), '0') + text.substr(sign));
}

// Keys are code points; a value is a text, a code point, or none to delete.
Value translate(In& in, const Value& s, const A& a) {
  const Value table = a.get(0, "table");
  if (!table.is(Kind::kDict)) fail_type("'" + type_name(table) + "' object is not subscriptable");
  std::string out;
  const std::string& text = s.as_string();
  for (size_t pos = 0; pos < text.size();) {
    const char32_t c = next_code_point(text, pos);
    const Value* const found = find_key(table.as_dict(), Value::integer(static_cast<int64_t>(c)));
    in.step();
    if (found == nullptr) {
      append_utf8(out, c);
    } else if (found->is(Kind::kString)) {
      out += found->as_string();
    } else if (found->is_integral()) {
      append_utf8(out, static_cast<char32_t>(found->as_int()));
    } else if (!found->is(Kind::kNone)) {
      fail_type("character mapping must return integer, None or str");
    }
  }
  return like(s, out);
}

Value is_integer(In&, const Value& v, const A&) {
  return Value::boolean(v.is_integral() || std::floor(v.as_double()) == v.as_double());
}

Value bit_length(In&, const Value& v, const A&) {
  int64_t bits = 0;
  for (uint64_t size = v.as_int() < 0 ? 0 - static_cast<uint64_t>(v.as_int()) : static_cast<uint64_t>(v.as_int());
       size > 0; size >>= 1)
    ++bits;
  return Value::integer(bits);
}

constexpr MethodRow kTextRows[] = {{"casefold", &casefold},
                                   {"expandtabs", &expandtabs},
                                   {"format", &format},
                                   {"format_map", &format_map},
                                   {"isascii", &isascii},
                                   {"isidentifier", &isidentifier},
                                   {"isprintable", &isprintable},
                                   {"istitle", &istitle},
                                   {"swapcase", &swapcase},
                                   {"translate", &translate},
                                   {"zfill", &zfill}};

}  // namespace

Method find_rare_text_method(const std::string& name) {
  for (const MethodRow& row : kTextRows) {
    if (row.name == name) return row.method;
  }
  return nullptr;
}

Method find_number_method(const Value& number, const std::string& name) {
  if (name == "is_integer" && number.is(Kind::kFloat)) return &is_integer;
  if (name == "bit_length" && number.is_integral()) return &bit_length;
  return nullptr;
}

}  // namespace rondo::text::jinja
