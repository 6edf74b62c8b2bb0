// SPDX-License-Identifier: Apache-2.0
// Values as texts: Python's str and repr, and JSON as json.dumps writes it.
#include <unicode/uchar.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "rondo/text/jinja/error.h"
#include "rondo/text/jinja/value.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text::jinja {
namespace {

constexpr const char* kHex = "0123456789abcdef";
// repr() switches to an exponent outside 1e-4 <= |x| < 1e16.
constexpr int kLowestPlainExponent = -4;
constexpr int kExponentLimit = 16;

std::string hex(char32_t c, int digits) {
  std::string out;
  for (int i = digits - 1; i >= 0; --i) out += kHex[c >> (4 * i) & 15];
  return out;
}

bool is_printable(char32_t c) {
  if (c < 0x7F) return c >= ' ';
  constexpr uint32_t kHidden = U_GC_C_MASK | U_GC_Z_MASK;
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & kHidden) == 0;
}

std::string repr_of_string(const std::string& text) {
  const bool use_double = text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
  const char quote = use_double ? '"' : '\'';
  std::string out(1, quote);
  for (size_t pos = 0; pos < text.size();) {
    const char32_t c = next_code_point(text, pos);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      append_utf8(out, c);
    } else {
      out += c < 0x100 ? "\\x" + hex(c, 2) : c < 0x10000 ? "\\u" + hex(c, 4) : "\\U" + hex(c, 8);
    }
  }
  return out + quote;
}

std::string joined_reprs(const std::vector<Value>& items, int depth) {
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) out += (i > 0 ? ", " : "") + to_repr(items[i], depth);
  return out;
}

std::string repr_of_list(const ListData& list, int depth) {
  const std::string inside = joined_reprs(list.items, depth);
  switch (list.kind) {
    case ListKind::kList:
      return "[" + inside + "]";
    case ListKind::kTuple:
    case ListKind::kGroup:
      return "(" + inside + (list.items.size() == 1 ? ",)" : ")");
    case ListKind::kRange: {
      if (list.items.empty()) return "range(0, 0)";
      const int64_t first = list.items.front().as_int(), last = list.items.back().as_int();
      const int64_t step = list.items.size() > 1 ? list.items[1].as_int() - first : 1;
      std::string out = "range(" + std::to_string(first) + ", " + std::to_string(last + step);
      return out + (step != 1 ? ", " + std::to_string(step) + ")" : ")");
    }
    case ListKind::kGenerator:
      return "<generator object>";
    case ListKind::kDictItems:
      return "dict_items([" + inside + "])";
    case ListKind::kDictKeys:
      return "dict_keys([" + inside + "])";
    case ListKind::kDictValues:
      return "dict_values([" + inside + "])";
  }
  return inside;
}

std::string repr_of_dict(const DictData& dict, int depth) {
  std::string out = "{";
  for (size_t i = 0; i < dict.items.size(); ++i) {
    out += (i > 0 ? ", " : "") + to_repr(dict.items[i].first, depth) + ": " + to_repr(dict.items[i].second, depth);
  }
  return out + "}";
}

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  void write(const Value& value, int level) {
    switch (value.kind()) {
      case Kind::kNone:
        out += "null";
        return;
      case Kind::kBool:
        out += value.as_bool() ? "true" : "false";
        return;
      case Kind::kInt:
        out += std::to_string(value.as_int());
        return;
      case Kind::kBigInt:
        out += value.big_digits();
        return;
      case Kind::kFloat:
        out += number(value.as_double());
        return;
      case Kind::kString:
        write_string(value.as_string());
        return;
      case Kind::kDict:
        write_dict(value.as_dict(), level);
        return;
      case Kind::kList:
        if (is_list_or_tuple(value.as_list().kind)) {
          write_list(value.as_list(), level);
          return;
        }
        break;
      default:
        break;
    }
    fail_type("Object of type " + type_name(value) + " is not JSON serializable");
  }

  std::string out;

 private:
  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return float_text(value);
  }

  void new_line(int level) {
    if (!style_.has_indent) return;
    out += '\n';
    for (int i = 0; i < level; ++i) out += style_.indent;
  }

  void write_list(const ListData& list, int level) {
    out += '[';
    for (size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      new_line(level + 1);
      write(list.items[i], level + 1);
    }
    if (!list.items.empty()) new_line(level);
    out += ']';
  }

  void write_dict(const DictData& dict, int level) {
    std::vector<const std::pair<Value, Value>*> items;
    for (const auto& item : dict.items) items.push_back(&item);
    if (style_.sort_keys) {
      std::stable_sort(items.begin(), items.end(),
                       [](const auto* a, const auto* b) { return compare(a->first, b->first) < 0; });
    }
    out += '{';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      new_line(level + 1);
      write_key(items[i]->first);
      out += style_.key_separator;
      write(items[i]->second, level + 1);
    }
    if (!items.empty()) new_line(level);
    out += '}';
  }

  void write_key(const Value& key) {
    switch (key.kind()) {
      case Kind::kString:
        write_string(key.as_string());
        return;
      case Kind::kNone:
        write_string("null");
        return;
      case Kind::kBool:
        write_string(key.as_bool() ? "true" : "false");
        return;
      case Kind::kInt:
        write_string(std::to_string(key.as_int()));
        return;
      case Kind::kFloat:
        write_string(number(key.as_double()));
        return;
      default:
        fail_type("keys must be str, int, float, bool or None, not " + type_name(key));
    }
  }

  void write_string(const std::string& text) {
    out += '"';
    for (size_t pos = 0; pos < text.size();) {
      const char32_t c = next_code_point(text, pos);
      switch (c) {
        case '"':
          out += "\\\"";
          break;
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        case '\b':
          out += "\\b";
          break;
        case '\f':
          out += "\\f";
          break;
        default:
          write_character(c);
      }
    }
    out += '"';
  }

  void write_character(char32_t c) {
    if (c < ' ' || (style_.ensure_ascii && c >= 0x7F && c < 0x10000 && c != 0x7F)) {
      out += "\\u" + hex(c, 4);
    } else if (style_.ensure_ascii && c >= 0x10000) {
      const char32_t rest = c - 0x10000;
      out += "\\u" + hex(0xD800 + (rest >> 10), 4) + "\\u" + hex(0xDC00 + (rest & 0x3FF), 4);
    } else {
      append_utf8(out, c);
    }
  }

  const JsonStyle& style_;
};

}  // namespace

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr;
  const std::string text(buffer, end);
  const size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  const bool negative = text[0] == '-';
  std::string digits;
  for (size_t i = negative ? 1 : 0; i < e; ++i) {
    if (text[i] != '.') digits += text[i];
  }
  std::string out = negative ? "-" : "";
  if (exponent < kLowestPlainExponent || exponent >= kExponentLimit) {
    out += digits.substr(0, 1) + (digits.size() > 1 ? "." + digits.substr(1) : "");
    const int size = std::abs(exponent);
    return out + (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + std::to_string(size);
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string to_repr(const Value& value, int depth) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return value.as_bool() ? "True" : "False";
    case Kind::kInt:
      return std::to_string(value.as_int());
    case Kind::kFloat:
      return float_text(value.as_double());
    case Kind::kString:
      return value.is_markup() ? "Markup(" + repr_of_string(value.as_string()) + ")"
                               : repr_of_string(value.as_string());
    case Kind::kList:
      return repr_of_list(value.as_list(), depth);
    case Kind::kDict:
      return repr_of_dict(value.as_dict(), depth);
    case Kind::kBigInt:
      return value.big_digits();
    case Kind::kObject:
      return value.as_object().repr(depth + 1);
  }
  return "";
}

std::string to_text(const Value& value) {
  if (value.is(Kind::kString)) return value.as_string();
  if (!value.is_undefined()) return to_repr(value);
  return "";
}

std::string to_json(const Value& value, const JsonStyle& style) {
  JsonWriter writer(style);
  writer.write(value, 0);
  return std::move(writer.out);
}

}  // namespace rondo::text::jinja
