// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/jinja/text_format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "rondo/text/unicode/unicode.h"

namespace rondo::text::jinja {
namespace {

constexpr int64_t kWidest = 1'000'000;
constexpr int kMostPrecision = 1000;
constexpr int kMaxNesting = 2;  // a field inside a specification

struct Spec {
  std::string fill = " ";
  char align = 0;  // < > ^ =
  char sign = '-';
  bool alternate = false;
  bool no_negative_zero = false;
  int64_t width = 0;
  char separator = 0;
  int64_t precision = -1;
  char type = 0;
};

bool is_align(char c) { return c == '<' || c == '>' || c == '^' || c == '='; }

class SpecReader {
 public:
  explicit SpecReader(const std::string& text) : in_(text) {}

  Spec read() {
    Spec spec;
    const size_t first = in_.empty() ? 0 : std::min(utf8_length(in_[0]), in_.size());
    if (first < in_.size() && is_align(in_[first])) {
      spec.fill = in_.substr(0, first);
      spec.align = in_[first];
      pos_ = first + 1;
    } else if (is_align(peek())) {
      spec.align = in_[pos_++];
    }
    if (peek() == '+' || peek() == '-' || peek() == ' ') spec.sign = in_[pos_++];
    spec.no_negative_zero = take('z');
    spec.alternate = take('#');
    if (peek() == '0') {
      ++pos_;
      if (spec.align == 0) spec.align = '0';
      if (spec.align == '0') spec.fill = "0";
    }
    spec.width = number(0);
    if (peek() == ',' || peek() == '_') spec.separator = in_[pos_++];
    if (take('.')) {
      spec.precision = number(-1);
      if (spec.precision < 0) fail_value("Format specifier missing precision");
    }
    if (pos_ < in_.size()) spec.type = in_[pos_++];
    if (pos_ < in_.size()) fail_value("Invalid format specifier '" + in_ + "'");
    return spec;
  }

 private:
  char peek() const { return pos_ < in_.size() ? in_[pos_] : 0; }
  bool take(char c) {
    if (peek() != c) return false;
    ++pos_;
    return true;
  }
  int64_t number(int64_t fallback) {
    if (peek() < '0' || peek() > '9') return fallback;
    int64_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + (in_[pos_++] - '0');
      if (value > kWidest) fail_limit("a format field is wider than 1,000,000");
    }
    return value;
  }

  const std::string& in_;
  size_t pos_ = 0;
};

// `prefix` is the sign and 0x, `digits` what zeros may be put before.
std::string padded(Interpreter& in, const Spec& spec, const std::string& prefix, const std::string& digits,
                   char default_align) {
  const std::string body = prefix + digits;
  const int64_t missing = spec.width - static_cast<int64_t>(count_code_points(body));
  if (missing <= 0) return body;
  in.charge(static_cast<size_t>(missing) * spec.fill.size());
  const auto fill = [&spec](int64_t count) {
    std::string out;
    for (int64_t i = 0; i < count; ++i) out += spec.fill;
    return out;
  };
  char align = spec.align == 0 ? default_align : spec.align;
  // A 0 before the width means zeros behind the sign for numbers, and only a fill for texts.
  if (align == '0') align = default_align == '<' ? '<' : '=';
  if (align == '<') return body + fill(missing);
  if (align == '^') return fill(missing / 2) + body + fill(missing - missing / 2);
  return align == '=' ? prefix + fill(missing) + digits : fill(missing) + body;
}

std::string sign_of(const Spec& spec, bool negative) {
  if (negative) return "-";
  return spec.sign == '-' ? std::string() : std::string(1, spec.sign);
}

// Groups of digits before the point. With zeros for padding the groups go on through them.
std::string grouped(const Spec& spec, std::string digits, size_t prefix_size, size_t group) {
  if (spec.separator == 0) return digits;
  size_t end = 0;
  while (end < digits.size() && std::isxdigit(static_cast<unsigned char>(digits[end])) != 0) ++end;
  const std::string rest = digits.substr(end);
  digits.resize(end);
  const auto size_with = [&](size_t count) { return count + (count - 1) / group + rest.size() + prefix_size; };
  const bool fills = spec.align == '0' || (spec.align == '=' && spec.fill == "0");
  while (fills && !digits.empty() && size_with(digits.size()) < static_cast<size_t>(spec.width)) digits.insert(0, "0");
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % group == 0) out += spec.separator;
    out += digits[i];
  }
  return out + rest;
}

std::string digits_of(uint64_t value, unsigned base, bool upper) {
  std::array<char, 64> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value, static_cast<int>(base)).ptr;
  std::string out(digits.begin(), end);
  if (upper)
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

std::string format_whole(Interpreter& in, const Spec& spec, int64_t value) {
  if (spec.precision >= 0) fail_value("Precision not allowed in integer format specifier");
  if (spec.type == 'c') {
    if (value < 0 || value > 0x10FFFF) throw RenderError("OverflowError", "%c arg not in range(0x110000)");
    return padded(in, spec, "", to_utf8(static_cast<char32_t>(value)), '<');
  }
  const uint64_t size = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  unsigned base = 10;
  if (spec.type == 'x' || spec.type == 'X') base = 16;
  if (spec.type == 'o') base = 8;
  if (spec.type == 'b') base = 2;
  if (base != 10 && spec.separator == ',') fail_value(std::string("Cannot specify ',' with '") + spec.type + "'.");
  std::string prefix = sign_of(spec, value < 0);
  if (spec.alternate && base != 10) prefix += std::string("0") + spec.type;
  const std::string digits = digits_of(size, base, spec.type == 'X');
  return padded(in, spec, prefix, grouped(spec, digits, prefix.size(), base == 10 ? 3 : 4), '>');
}

// The format is made of a flag, a precision and a type only.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
std::string print(double value, bool alternate, int64_t precision, char type) {
  const std::string format = std::string(alternate ? "%#." : "%.") + std::to_string(precision) + std::string(1, type);
  std::vector<char> buffer(static_cast<size_t>(kMostPrecision) + 400);
  const int size = std::snprintf(buffer.data(), buffer.size(), format.c_str(), value);
  return std::string(buffer.data(), static_cast<size_t>(std::max(0, size)));
}
#pragma GCC diagnostic pop

std::string format_real(Interpreter& in, const Spec& spec, double value) {
  if (spec.precision > kMostPrecision) fail_limit("a number is asked for with more than 1,000 digits");
  const bool percent = spec.type == '%';
  char type = spec.type == 'n' ? 'g' : percent ? 'f' : spec.type;
  if (percent) value *= 100;
  std::string digits;
  const double size = std::fabs(value);
  if (!std::isfinite(size)) {
    digits = std::isnan(size) ? "nan" : "inf";
    if (type == 'F' || type == 'E' || type == 'G')
      std::transform(digits.begin(), digits.end(), digits.begin(), [](char c) { return static_cast<char>(c - 32); });
  } else if (type == 0 && spec.precision < 0) {
    digits = float_text(size);
  } else if (type == 0) {
    // Like g, but never without a digit behind the point, and with an exponent one digit earlier.
    digits = print(size, spec.alternate, std::max<int64_t>(1, spec.precision), 'g');
    const bool is_plain = digits.find_first_of(".e") == std::string::npos;
    if (is_plain && static_cast<int64_t>(digits.size()) >= spec.precision && size >= 1) {
      digits = print(size, spec.alternate, std::max<int64_t>(0, spec.precision - 1), 'e');
      const size_t e = digits.find('e');
      std::string head = digits.substr(0, e);
      if (head.find('.') != std::string::npos) {
        head.erase(head.find_last_not_of('0') + 1);
        if (head.ends_with('.')) head.pop_back();
      }
      digits = head + digits.substr(e);
    } else if (is_plain) {
      digits += ".0";
    }
  } else {
    digits = print(size, spec.alternate, spec.precision < 0 ? 6 : spec.precision, type);
  }
  bool negative = std::signbit(value) && !std::isnan(value);
  if (negative && spec.no_negative_zero && digits.find_first_of("123456789") == std::string::npos) negative = false;
  if (percent) digits += '%';
  const std::string prefix = sign_of(spec, negative);
  return padded(in, spec, prefix, grouped(spec, digits, prefix.size(), 3), '>');
}

std::string format_string(Interpreter& in, const Spec& spec, const std::string& text) {
  if (spec.type != 0 && spec.type != 's')
    fail_value(std::string("Unknown format code '") + spec.type + "' for object of type 'str'");
  if (spec.sign != '-') fail_value("Sign not allowed in string format specifier");
  if (spec.alternate) fail_value("Alternate form (#) not allowed in string format specifier");
  if (spec.separator != 0) fail_value(std::string("Cannot specify '") + spec.separator + "' with 's'.");
  if (spec.align == '=') fail_value("'=' alignment not allowed in string format specifier");
  const std::string shown =
      spec.precision < 0 ? text : slice(Value::string(text), 0, spec.precision, std::nullopt).as_string();
  return padded(in, spec, "", shown, '<');
}

bool is_one_of(char c, std::string_view set) { return c != 0 && set.find(c) != std::string_view::npos; }

class Formatter {
 public:
  Formatter(Interpreter& in, const Arguments& values) : in_(in), values_(values) {}

  std::string run(const std::string& text, int nesting) {
    if (nesting > kMaxNesting) fail_value("Max string recursion exceeded");
    std::string out;
    for (size_t pos = 0; pos < text.size(); ++pos) {
      const char c = text[pos];
      const bool doubled = pos + 1 < text.size() && text[pos + 1] == c;
      if ((c == '{' || c == '}') && doubled && (nesting == 1 || c == '{')) {
        out += c;
        ++pos;
      } else if (c == '{') {
        const size_t close = matching_brace(text, pos);
        out += field(text.substr(pos + 1, close - pos - 1), nesting);
        in_.charge(out.size());
        pos = close;
      } else if (c == '}') {
        fail_value("Single '}' encountered in format string");
      } else {
        out += c;
      }
    }
    return out;
  }

 private:
  static size_t matching_brace(const std::string& text, size_t open) {
    int depth = 0;
    for (size_t i = open; i < text.size(); ++i) {
      if (text[i] == '{') ++depth;
      if (text[i] == '}' && --depth == 0) return i;
    }
    fail_value(open + 1 < text.size() ? "expected '}' before end of string"
                                      : "Single '{' encountered in format string");
  }

  std::string field(const std::string& text, int nesting) {
    // Brackets may hold ! and :.
    size_t end = 0;
    bool in_brackets = false;
    for (; end < text.size() && (in_brackets || (text[end] != '!' && text[end] != ':')); ++end) {
      if (text[end] == '[') in_brackets = true;
      if (text[end] == ']') in_brackets = false;
    }
    Value value = lookup(text.substr(0, end));
    if (end < text.size() && text[end] == '!') {
      const char conversion = end + 1 < text.size() ? text[end + 1] : 0;
      end += 2;
      if (end < text.size() && text[end] != ':') fail_value("expected ':' after conversion specifier");
      value = converted(value, conversion);
    }
    const std::string spec = end < text.size() ? run(text.substr(end + 1), nesting + 1) : std::string();
    return format_value(in_, value, spec);
  }

  static Value converted(const Value& value, char conversion) {
    switch (conversion) {
      case 's':
        return Value::string(to_text(value));
      case 'r':
        return Value::string(to_repr(value));
      case 'a':
        return Value::string(ascii_repr(value));
      default:
        fail_value(std::string("Unknown conversion specifier ") + conversion);
    }
  }

  // name.attribute[item]...
  Value lookup(const std::string& path) {
    size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = first(path.substr(0, end));
    while (end < path.size()) {
      if (path[end] == '.') {
        const size_t next = std::min(path.find_first_of(".[", end + 1), path.size());
        if (next == end + 1) fail_value("Empty attribute in format string");
        value = in_.attribute(value, path.substr(end + 1, next - end - 1));
        end = next;
        continue;
      }
      const size_t close = path.find(']', end);
      if (close == std::string::npos) fail_value("Missing ']' in format string");
      const std::string key = path.substr(end + 1, close - end - 1);
      if (key.empty()) fail_value("Empty attribute in format string");
      value = in_.item(value, is_index(key) ? Value::integer(std::stoll(key)) : Value::string(key));
      end = close + 1;
      if (end < path.size() && path[end] != '.' && path[end] != '[')
        fail_value("Only '.' or '[' may follow ']' in format field specifier");
    }
    return value;
  }

  static bool is_index(const std::string& text) {
    return !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string::npos;
  }

  Value first(const std::string& name) {
    const bool automatic = name.empty(), manual = is_index(name);
    if ((automatic && uses_ == Numbering::kManual) || (manual && uses_ == Numbering::kAutomatic))
      fail_value("cannot switch between manual field specification and automatic field numbering");
    if (automatic) uses_ = Numbering::kAutomatic;
    if (manual) uses_ = Numbering::kManual;
    if (automatic || manual) {
      const size_t index = automatic ? next_++ : std::stoul(name);
      if (index >= values_.positional.size())
        throw RenderError("IndexError", "Replacement index " + std::to_string(index) + " out of range");
      return values_.positional[index];
    }
    for (const auto& [key, value] : values_.named) {
      if (key == name) return value;
    }
    throw RenderError("KeyError", "'" + name + "'");
  }

  enum class Numbering { kOpen, kAutomatic, kManual };

  Interpreter& in_;
  const Arguments& values_;
  Numbering uses_ = Numbering::kOpen;
  size_t next_ = 0;
};

}  // namespace

std::string ascii_repr(const Value& value) {
  std::string out;
  const std::string text = to_repr(value);
  for (size_t pos = 0; pos < text.size();) {
    const char32_t c = next_code_point(text, pos);
    char buffer[16];
    if (c < 0x80) {
      out += static_cast<char>(c);
      continue;
    }
    const auto code = static_cast<unsigned>(c);
    std::snprintf(buffer, sizeof(buffer), c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", code);
    out += buffer;
  }
  return out;
}

std::string format_value(Interpreter& interpreter, const Value& value, const std::string& text) {
  if (text.empty()) return to_text(value);
  const Spec spec = SpecReader(text).read();
  if (value.is(Kind::kString)) return format_string(interpreter, spec, value.as_string());
  const bool as_real = is_one_of(spec.type, "eEfFgG%");
  if (value.is(Kind::kFloat) || (value.is_integral() && as_real)) {
    if (spec.type != 0 && !as_real && spec.type != 'n')
      fail_value(std::string("Unknown format code '") + spec.type + "' for object of type 'float'");
    return format_real(interpreter, spec, value.as_double());
  }
  if (value.is_integral()) {
    if (spec.type != 0 && !is_one_of(spec.type, "bcdnoxX"))
      fail_value(std::string("Unknown format code '") + spec.type + "' for object of type '" + type_name(value) + "'");
    if (spec.no_negative_zero) fail_value("Negative zero coercion (z) not allowed in format specifier with integer");
    return format_whole(interpreter, spec, value.as_int());
  }
  fail_type("unsupported format string passed to " + type_name(value) + ".__format__");
}

std::string format_text(Interpreter& interpreter, const std::string& format, const Arguments& values) {
  return Formatter(interpreter, values).run(format, 1);
}

}  // namespace rondo::text::jinja
