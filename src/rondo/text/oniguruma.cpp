// SPDX-License-Identifier: Apache-2.0
// One pass over the pattern. Outside classes only some escapes and group options change. A class is parsed into its
// items; items that PCRE2 can hold stay in one bracket, nested negations and intersections become look-aheads that
// together consume exactly one character.
#include "rondo/text/oniguruma.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/text/unicode.h"

namespace rondo::text {
namespace {

constexpr int kMaxDepth = 32;
// White_Space, written out because PCRE2's \s also holds U+180E.
constexpr const char* kSpaces =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
// Oniguruma counts the numbers of Latin-1 among the word characters, and no other numbers but digits.
constexpr const char* kWords = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{b2}\x{b3}\x{b9}\x{bc}-\x{be})";
constexpr const char* kHexDigits = "0-9A-Fa-f";

// POSIX brackets, as Oniguruma reads them in UTF-8.
struct PosixClass {
  std::string_view name;
  const char* inside;
};
constexpr PosixClass kPosixClasses[] = {{"alpha", R"(\p{Alphabetic})"},
                                        {"digit", R"(\p{Nd})"},
                                        {"alnum", R"(\p{Alphabetic}\p{M}\p{Nd})"},
                                        {"punct", R"(\p{P}\p{S})"},
                                        {"upper", R"(\p{Uppercase})"},
                                        {"lower", R"(\p{Lowercase})"},
                                        {"space", kSpaces},
                                        {"word", kWords},
                                        {"xdigit", kHexDigits}};

// Long names of categories become short ones, and scripts mean Script, not PCRE2's default Script_Extensions.
std::string property_escape(const std::string& escape) {
  std::string name = escape.substr(3, escape.size() - 4);
  std::string negation;
  if (name.starts_with('^')) {
    negation = "^";
    name.erase(0, 1);
  }
  const std::string head = escape.substr(0, 3) + negation;
  const int category = u_getPropertyValueEnum(UCHAR_GENERAL_CATEGORY_MASK, name.c_str());
  const char* const short_name =
      category == UCHAR_INVALID_CODE
          ? nullptr
          : u_getPropertyValueName(UCHAR_GENERAL_CATEGORY_MASK, category, U_SHORT_PROPERTY_NAME);
  if (short_name != nullptr && std::string_view(short_name).size() <= 2) return head + short_name + "}";
  if (u_getPropertyValueEnum(UCHAR_SCRIPT, name.c_str()) != UCHAR_INVALID_CODE) return head + "sc:" + name + "}";
  return escape;
}

// One character class, as what PCRE2 needs to match one character of it.
struct ClassText {
  std::string inside;                     // items that fit between one pair of brackets
  std::vector<std::string> alternatives;  // complete one-character patterns
};

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  std::string run() {
    while (pos_ < in_.size()) step();
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const std::string& fact) const {
    throw ModelError("tokenizer pattern is malformed: '" + std::string(in_) + "': " + fact + " at byte " +
                     std::to_string(pos_) + "; is it an Oniguruma pattern?");
  }

  void step() {
    const char c = in_[pos_];
    const size_t start = out_.size();
    if (c == '*' || c == '+' || c == '?') {
      out_ += c;
      ++pos_;
      return;
    }
    if (c == '{' && interval()) return;
    if (c == '\\') {
      out_ += outside_escape();
    } else if (c == '[') {
      out_ += class_pattern(0);
    } else if (in_.substr(pos_, 2) == "(?") {
      group_options();
    } else {
      out_ += in_.substr(pos_, utf8_length(c));
      pos_ += utf8_length(c);
    }
    atom_ = start;
    if (c == '(') groups_.push_back(start);
    if (c == ')' && !groups_.empty()) {
      atom_ = groups_.back();
      groups_.pop_back();
    }
  }

  // In Ruby's syntax {n,m}+ repeats the repetition and {n}? makes it optional; PCRE2 would read possessive and lazy.
  bool interval() {
    const size_t end = in_.find_first_not_of("0123456789,", pos_ + 1);
    if (end == std::string_view::npos || in_[end] != '}' || end == pos_ + 1) return false;
    std::string counts(in_.substr(pos_, end + 1 - pos_));
    pos_ = end + 1;
    const char next = pos_ < in_.size() ? in_[pos_] : 0;
    const bool repeats = next == '+' || (next == '?' && counts.find(',') == std::string::npos);
    if (counts[1] == ',') counts.insert(1, "0");
    if (repeats) out_.insert(atom_, "(?:");
    out_ += counts;
    if (repeats) out_ += ")";
    return true;
  }

  std::string take_escape() {
    if (pos_ + 1 >= in_.size()) fail("a backslash ends the pattern");
    const size_t begin = pos_;
    const char kind = in_[pos_ + 1];
    pos_ += 1 + utf8_length(kind);
    if (pos_ > in_.size()) fail("a cut character");
    if ((kind == 'p' || kind == 'P' || kind == 'x') && pos_ < in_.size() && in_[pos_] == '{') {
      const size_t close = in_.find('}', pos_);
      if (close == std::string_view::npos) fail("no } after the escape");
      pos_ = close + 1;
      if (kind != 'x') return property_escape(std::string(in_.substr(begin, pos_ - begin)));
    } else if (kind == 'x') {
      take_hex(2);
    } else if (kind == 'u') {
      const size_t digits = pos_;
      if (take_hex(4) != 4) fail("\\u needs four hexadecimal digits");
      return "\\x{" + std::string(in_.substr(digits, 4)) + "}";
    }
    return std::string(in_.substr(begin, pos_ - begin));
  }

  size_t take_hex(size_t most) {
    size_t count = 0;
    while (count < most && pos_ < in_.size() && std::isxdigit(static_cast<unsigned char>(in_[pos_])) != 0) {
      ++pos_;
      ++count;
    }
    return count;
  }

  std::string outside_escape() {
    const std::string escape = take_escape();
    if (escape.size() != 2) return escape;
    const std::string words = std::string("[") + kWords + "]";
    switch (escape[1]) {
      case 's':
        return std::string("[") + kSpaces + "]";
      case 'S':
        return std::string("[^") + kSpaces + "]";
      case 'w':
        return words;
      case 'W':
        return std::string("[^") + kWords + "]";
      case 'h':
        return std::string("[") + kHexDigits + "]";
      case 'H':
        return std::string("[^") + kHexDigits + "]";
      case 'b':
        return "(?:(?<=" + words + ")(?!" + words + ")|(?<!" + words + ")(?=" + words + "))";
      case 'B':
        return "(?:(?<=" + words + ")(?=" + words + ")|(?<!" + words + ")(?!" + words + "))";
      default:
        return escape;
    }
  }

  // (?m-ix: and (?m): Ruby's m is PCRE2's s.
  void group_options() {
    out_ += "(?";
    pos_ += 2;
    const size_t end = in_.find_first_not_of("imxad-", pos_);
    if (end == std::string_view::npos || (in_[end] != ':' && in_[end] != ')')) return;
    for (; pos_ < end; ++pos_) {
      if (in_[pos_] == 'm') {
        out_ += 's';
      } else if (in_[pos_] != 'a' && in_[pos_] != 'd') {
        out_ += in_[pos_];
      }
    }
  }

  // The class that begins at pos_, as a pattern for one character.
  std::string class_pattern(int depth) {
    if (depth > kMaxDepth) fail("classes nested too deep");
    ++pos_;
    const bool negated = pos_ < in_.size() && in_[pos_] == '^';
    if (negated) ++pos_;
    std::vector<std::string> factors;  // the parts between &&
    ClassText part;
    bool is_first = true;
    while (true) {
      if (pos_ >= in_.size()) fail("a class without its ]");
      if (in_[pos_] == ']' && !is_first) break;
      if (in_.substr(pos_, 2) == "&&") {
        pos_ += 2;
        factors.push_back(one_of(part));
        part = {};
      } else {
        class_item(part, depth);
      }
      is_first = false;
    }
    ++pos_;
    if (factors.empty() && part.alternatives.empty()) return (negated ? "[^" : "[") + part.inside + "]";
    std::string pattern;
    for (const std::string& factor : factors) pattern += "(?=" + factor + ")";
    pattern += one_of(part);
    return negated ? "(?:(?!" + pattern + ")(?s:.))" : "(?:" + pattern + ")";
  }

  static std::string one_of(const ClassText& part) {
    std::string pattern = "(?:";
    if (!part.inside.empty()) pattern += "[" + part.inside + "]";
    for (const std::string& alternative : part.alternatives) {
      if (pattern.size() > 3) pattern += "|";
      pattern += alternative;
    }
    // An empty part (as in [a&&]) matches nothing.
    if (pattern.size() == 3) pattern += "(?!)";
    return pattern + ")";
  }

  static std::string posix_class(std::string_view bracket) {
    for (const PosixClass& row : kPosixClasses) {
      if (bracket.substr(2, bracket.size() - 4) == row.name) return row.inside;
    }
    return std::string(bracket);
  }

  void class_item(ClassText& part, int depth) {
    const char c = in_[pos_];
    if (c == '[' && in_.substr(pos_, 2) == "[:") {
      const size_t close = in_.find(":]", pos_ + 2);
      if (close != std::string_view::npos) {
        part.inside += posix_class(in_.substr(pos_, close + 2 - pos_));
        pos_ = close + 2;
        return;
      }
    }
    if (c == '[') {
      const std::string nested = class_pattern(depth + 1);
      const bool is_plain = nested.size() > 2 && nested[0] == '[' && nested[1] != '^';
      if (is_plain) {
        part.inside += nested.substr(1, nested.size() - 2);
      } else {
        part.alternatives.push_back(nested);
      }
      return;
    }
    if (c == '\\') {
      inside_escape(part);
      return;
    }
    const size_t length = utf8_length(c);
    if (c == ']') part.inside += '\\';
    part.inside += in_.substr(pos_, length);
    pos_ += std::min(length, in_.size() - pos_);
  }

  void inside_escape(ClassText& part) {
    const std::string escape = take_escape();
    const char kind = escape.size() == 2 ? escape[1] : 0;
    switch (kind) {
      case 's':
        part.inside += kSpaces;
        break;
      case 'w':
        part.inside += kWords;
        break;
      case 'h':
        part.inside += kHexDigits;
        break;
      case 'S':
        part.alternatives.push_back(std::string("[^") + kSpaces + "]");
        break;
      case 'W':
        part.alternatives.push_back(std::string("[^") + kWords + "]");
        break;
      case 'H':
        part.alternatives.push_back(std::string("[^") + kHexDigits + "]");
        break;
      default:
        part.inside += escape;
    }
  }

  std::string_view in_;
  size_t pos_ = 0;
  std::string out_;
  size_t atom_ = 0;             // where in out_ the last atom begins
  std::vector<size_t> groups_;  // where in out_ the open groups begin
};

}  // namespace

std::string translate_oniguruma(std::string_view pattern) { return Translator(pattern).run(); }

}  // namespace rondo::text
