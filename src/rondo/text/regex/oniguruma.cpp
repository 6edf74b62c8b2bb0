// SPDX-License-Identifier: Apache-2.0
// One pass over the pattern. Outside classes only some escapes and group options change. A class is parsed into its
// items; items that PCRE2 can hold stay in one bracket, nested negations and intersections become look-aheads that
// together consume exactly one character.
#include "rondo/text/regex/oniguruma.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

constexpr int kMaxDepth = 32;
// White_Space, written out because PCRE2's \s also holds U+180E.
constexpr const char* kSpaces =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
// Alphabetic and Lowercase of Unicode 16, where they hold more of the old characters than they did.
constexpr const char* kAlphabetic =
    R"(\p{Alphabetic}\x{363}-\x{36f}\x{c04}\x{f82}\x{f83}\x{1dd3}-\x{1de6}\x{11080}\x{11081})";
constexpr const char* kLowercase = R"(\p{Lowercase}\x{10fc}\x{a7f2}-\x{a7f4}\x{ab69})";
constexpr const char* kWords = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";
// Outside of brackets \w also holds the numbers of Latin-1.
constexpr const char* kLatinNumbers = R"(\x{b2}\x{b3}\x{b9}\x{bc}-\x{be})";
constexpr const char* kHexDigits = "0-9A-Fa-f";

// [[:name:]] and \p{Name}, as Oniguruma reads them in UTF-8.
struct NamedClass {
  std::string_view name;
  std::string inside;
  std::string as_property = inside;  // where \p{Name} holds something else than [:name:]
};
const std::vector<NamedClass>& named_classes() {
  static const std::vector<NamedClass> classes = {{"alnum", std::string(kAlphabetic) + R"(\p{Nd})"},
                                                  {"alpha", kAlphabetic},
                                                  {"alphabetic", kAlphabetic},
                                                  {"blank", R"(\p{Zs}\t)"},
                                                  {"cntrl", R"(\p{Cc})"},
                                                  {"digit", R"(\p{Nd})"},
                                                  {"graph", R"(\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co})"},
                                                  {"lower", kLowercase},
                                                  {"lowercase", kLowercase},
                                                  {"print", R"(\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}\p{Zs})"},
                                                  {"punct", R"(\p{P}\p{S})", R"(\p{P})"},
                                                  {"space", kSpaces},
                                                  {"upper", R"(\p{Uppercase})"},
                                                  {"word", kWords, std::string(kWords) + kLatinNumbers},
                                                  {"xdigit", kHexDigits}};
  return classes;
}

// Names are compared without case, spaces, hyphens and underscores. nullptr where the name is another one.
const NamedClass* named_class(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != ' ' && c != '-' && c != '_') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  const auto& all = named_classes();
  const auto found = std::find_if(all.begin(), all.end(), [&](const NamedClass& row) { return row.name == plain; });
  return found == all.end() ? nullptr : &*found;
}

// \p{...} in parts.
struct Property {
  std::string name;
  bool negated = false;
};
Property read_property(std::string_view escape) {
  Property property{.name = std::string(escape.substr(3, escape.size() - 4)), .negated = escape[1] == 'P'};
  if (property.name.starts_with('^')) {
    property.negated = !property.negated;
    property.name.erase(0, 1);
  }
  return property;
}

// Long names of categories become short ones, and scripts mean Script, not PCRE2's default Script_Extensions.
std::string property_escape(const std::string& escape) {
  const Property property = read_property(escape);
  const std::string head = property.negated ? "\\P{" : "\\p{";
  const int category = u_getPropertyValueEnum(UCHAR_GENERAL_CATEGORY_MASK, property.name.c_str());
  const char* const short_name =
      category == UCHAR_INVALID_CODE
          ? nullptr
          : u_getPropertyValueName(UCHAR_GENERAL_CATEGORY_MASK, category, U_SHORT_PROPERTY_NAME);
  if (short_name != nullptr && std::string_view(short_name).size() <= 2) return head + short_name + "}";
  const bool is_script = u_getPropertyValueEnum(UCHAR_SCRIPT, property.name.c_str()) != UCHAR_INVALID_CODE;
  return head + (is_script ? "sc:" : "") + property.name + "}";
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
      const std::string escape(in_.substr(begin, pos_ - begin));
      if (kind != 'x') return named_class(read_property(escape).name) != nullptr ? escape : property_escape(escape);
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

  static bool is_property(std::string_view escape) {
    return escape.size() > 4 && (escape[1] == 'p' || escape[1] == 'P');
  }

  std::string outside_escape() {
    const std::string escape = take_escape();
    if (is_property(escape)) {
      const Property property = read_property(escape);
      const NamedClass* const known = named_class(property.name);
      return known == nullptr ? escape : (property.negated ? "[^" : "[") + known->as_property + "]";
    }
    if (escape.size() != 2) return escape;
    const std::string words = std::string("[") + kWords + kLatinNumbers + "]";
    switch (escape[1]) {
      case 's':
        return std::string("[") + kSpaces + "]";
      case 'S':
        return std::string("[^") + kSpaces + "]";
      case 'w':
        return words;
      case 'W':
        return std::string("[^") + kWords + kLatinNumbers + "]";
      case 'O':
        return "(?s:.)";
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

  static void add_class(ClassText& part, const std::string& inside, bool negated) {
    if (negated) {
      part.alternatives.push_back("[^" + inside + "]");
    } else {
      part.inside += inside;
    }
  }

  // [:name:] or [:^name:] at pos_; false where it is an ordinary bracket.
  bool posix_class(ClassText& part) {
    const size_t close = in_.find(":]", pos_ + 2);
    if (close == std::string_view::npos) return false;
    const bool negated = in_.substr(pos_ + 2, 1) == "^";
    const size_t begin = pos_ + (negated ? 3 : 2);
    const std::string_view name = in_.substr(begin, close - begin);
    const NamedClass* const known = named_class(name);
    if (known != nullptr) {
      add_class(part, known->inside, negated);
    } else if (name == "ascii") {
      part.inside += in_.substr(pos_, close + 2 - pos_);
    } else {
      return false;
    }
    pos_ = close + 2;
    return true;
  }

  void class_item(ClassText& part, int depth) {
    const char c = in_[pos_];
    if (in_.substr(pos_, 2) == "[:" && posix_class(part)) return;
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
    if (is_property(escape)) {
      const Property property = read_property(escape);
      const NamedClass* const known = named_class(property.name);
      if (known != nullptr) return add_class(part, known->as_property, property.negated);
    }
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
