// SPDX-License-Identifier: Apache-2.0
// The % operator of texts: "%s has %d" % (a, b), "%(name)s" % {...}.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "rondo/text/jinja/interpreter.h"
#include "rondo/text/jinja/text_format.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text::jinja {
namespace {

constexpr int kWidestField = 1000;

struct Field {
  std::string flags;
  int width = 0;
  int precision = -1;
  char kind = 0;
};

class Formatter {
 public:
  Formatter(const std::string& format, const Value& values) : in_(format), values_(values) {}

  std::string run() {
    while (pos_ < in_.size()) {
      if (in_[pos_] != '%') {
        out_ += in_[pos_++];
        continue;
      }
      ++pos_;
      field();
    }
    const bool all_used = !is_tuple() || next_ >= values_.as_list().items.size();
    const bool single_used = is_tuple() || values_.is(Kind::kDict) || next_ > 0;
    if (!all_used || !single_used) fail_type("not all arguments converted during string formatting");
    return std::move(out_);
  }

 private:
  bool is_tuple() const { return values_.is(Kind::kList) && values_.as_list().kind == ListKind::kTuple; }

  char peek() const { return pos_ < in_.size() ? in_[pos_] : 0; }

  void field() {
    std::optional<std::string> name;
    if (peek() == '(') {
      const size_t close = in_.find(')', pos_);
      if (close == std::string::npos) fail_value("incomplete format key");
      name = in_.substr(pos_ + 1, close - pos_ - 1);
      pos_ = close + 1;
    }
    Field f;
    while (std::string_view("#0- +").find(peek()) != std::string_view::npos && peek() != 0) f.flags += in_[pos_++];
    if (peek() == '*') {
      ++pos_;
      f.width = star(f);
    } else {
      f.width = number();
    }
    if (peek() == '.') {
      ++pos_;
      f.precision = number();
    }
    f.kind = peek();
    if (f.kind == 0) fail_value("incomplete format");
    ++pos_;
    if (f.kind == '%') {
      out_ += '%';
      return;
    }
    write(f, value(name));
  }

  int number() {
    int result = 0;
    while (peek() >= '0' && peek() <= '9') {
      result = result * 10 + (in_[pos_++] - '0');
      if (result > kWidestField) fail_value("the field is too wide");
    }
    return result;
  }

  // "%*d": the width is the next value; a negative one means the left side.
  int star(Field& f) {
    const Value width = value(std::nullopt);
    if (!width.is_integral()) fail_type("* wants int");
    if (width.as_int() < 0) f.flags += '-';
    const int64_t size = width.as_int() < 0 ? -(width.as_int() + 1) + 1 : width.as_int();
    if (size > kWidestField) fail_value("the field is too wide");
    return static_cast<int>(size);
  }

  Value value(const std::optional<std::string>& name) {
    if (name) {
      if (!values_.is(Kind::kDict)) fail_type("format requires a mapping");
      const Value* const found = find_key(values_.as_dict(), *name);
      if (found == nullptr) throw RenderError("KeyError", *name);
      return *found;
    }
    if (is_tuple() ? next_ >= values_.as_list().items.size() : next_ > 0)
      fail_type("not enough arguments for format string");
    return is_tuple() ? values_.as_list().items[next_++] : (++next_, values_);
  }

  void write(const Field& f, const Value& v) {
    std::string text;
    switch (f.kind) {
      case 's':
        text = to_text(v);
        break;
      case 'r':
        text = to_repr(v);
        break;
      case 'a':
        text = ascii_repr(v);
        break;
      case 'c':
        text = character(v);
        break;
      case 'd':
      case 'i':
      case 'x':
      case 'X':
      case 'o':
        text = whole(f, v);
        break;
      case 'f':
      case 'F':
      case 'e':
      case 'E':
      case 'g':
      case 'G':
        text = real(f, v);
        break;
      default:
        fail_value(std::string("unsupported format character '") + f.kind + "'");
    }
    if ((f.kind == 's' || f.kind == 'r' || f.kind == 'a') && f.precision >= 0)
      text = slice(Value::string(text), 0, f.precision, std::nullopt).as_string();
    const auto size = static_cast<int>(length_of(Value::string(text)));
    const std::string padding(static_cast<size_t>(std::max(0, f.width - size)), ' ');
    out_ += f.flags.find('-') != std::string::npos ? text + padding : padding + text;
  }

  static std::string character(const Value& v) {
    if (v.is(Kind::kString) && length_of(v) == 1) return v.as_string();
    if (!v.is_integral()) fail_type("%c requires int or char");
    if (v.as_int() < 0 || v.as_int() > 0x10FFFF) throw RenderError("OverflowError", "%c arg not in range(0x110000)");
    return to_utf8(static_cast<char32_t>(v.as_int()));
  }

  static std::string whole(const Field& f, const Value& v) {
    if (!v.is_number())
      fail_type(std::string("%") + f.kind + " format: a real number is required, not " + type_name(v));
    constexpr double kLimit = 9.2e18;  // below 2^63
    if (v.is(Kind::kFloat) && !(std::fabs(v.as_double()) < kLimit))
      throw RenderError("OverflowError", "a whole number beyond 64 bits");
    const int64_t n = v.is(Kind::kFloat) ? static_cast<int64_t>(v.as_double()) : v.as_int();
    const std::string format =
        "%" + f.flags + (f.width > 0 ? std::to_string(f.width) : "") + "l" + (f.kind == 'i' ? 'd' : f.kind);
    return print(format, static_cast<long>(n));
  }

  static std::string real(const Field& f, const Value& v) {
    if (!v.is_number()) fail_type("must be real number, not " + type_name(v));
    const std::string format = "%" + f.flags + (f.width > 0 ? std::to_string(f.width) : "") +
                               (f.precision >= 0 ? "." + std::to_string(f.precision) : "") + f.kind;
    return print(format, v.as_double());
  }

  // The format was assembled above from flags, a width and a kind only.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  template <typename T>
  static std::string print(const std::string& format, T number) {
    char buffer[2 * kWidestField + 400];
    const int size = std::snprintf(buffer, sizeof(buffer), format.c_str(), number);
    return std::string(buffer, static_cast<size_t>(std::max(0, size)));
  }
#pragma GCC diagnostic pop

  const std::string& in_;
  const Value& values_;
  std::string out_;
  size_t pos_ = 0;
  size_t next_ = 0;
};

}  // namespace

std::string format_percent(const std::string& format, const Value& values) { return Formatter(format, values).run(); }

}  // namespace rondo::text::jinja
