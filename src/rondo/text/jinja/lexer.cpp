// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/jinja/lexer.h"

#include <algorithm>
#include <cctype>

#include "rondo/base/error.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text::jinja {
namespace {

// Longest first, so that the first fit is the longest.
constexpr std::string_view kOperators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                           "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool begins_name(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) { return begins_name(c) || is_digit(c); }

// Newlines are \n, and one at the end is not part of the template.
std::string normalize(std::string_view source) {
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : in_(normalize(source)) {}

  std::vector<Token> run() {
    while (pos_ < in_.size()) root();
    add(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return std::string_view(in_).substr(pos_); }

  void add(TokenKind kind, std::string text) {
    lines_to(token_begin_);
    tokens_.push_back({kind, std::move(text), line_});
  }

  void lines_to(size_t place) {
    for (; counted_ < std::min(place, in_.size()); ++counted_) line_ += in_[counted_] == '\n' ? 1 : 0;
  }

  void move_to(size_t place) {
    if (place > pos_) line_starting_ = in_[place - 1] == '\n';
    pos_ = place;
  }

  void root() {
    token_begin_ = pos_;
    size_t open = pos_;
    for (open = in_.find('{', open); open != std::string::npos; open = in_.find('{', open + 1)) {
      const char next = open + 1 < in_.size() ? in_[open + 1] : 0;
      if (next == '%' || next == '{' || next == '#') break;
    }
    if (open == std::string::npos) {
      add(TokenKind::kData, in_.substr(pos_));
      move_to(in_.size());
      return;
    }
    const char kind = in_[open + 1];
    const char sign = open + 2 < in_.size() ? in_[open + 2] : 0;
    const bool signed_tag = sign == '-' || sign == '+';
    emit_data(open, signed_tag ? sign : 0, kind != '{');
    token_begin_ = open;
    move_to(open + (signed_tag ? 3 : 2));
    if (kind == '#') {
      comment();
    } else if (kind == '%' && raw()) {
      return;
    } else {
      add(kind == '%' ? TokenKind::kBlockBegin : TokenKind::kVariableBegin, "");
      inside(kind == '%');
    }
  }

  void emit_data(size_t end, char sign, bool may_strip) {
    std::string text = in_.substr(pos_, end - pos_);
    if (sign == '-') {
      strip_right(text);
    } else if (sign != '+' && may_strip) {
      const size_t line = text.rfind('\n') + 1;  // npos + 1 = 0
      const bool blank = text.find_first_not_of(" \t\v\f\r", line) == std::string::npos;
      if (blank && (line > 0 || line_starting_)) text.resize(line);
    }
    if (!text.empty()) add(TokenKind::kData, std::move(text));
  }

  static void strip_right(std::string& text) {
    size_t end = text.size();
    while (end > 0) {
      size_t begin = end - 1;
      while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
      size_t pos = begin;
      if (!is_white_space(next_code_point(text, pos))) break;
      end = begin;
    }
    text.resize(end);
  }

  void skip_white() {
    size_t pos = pos_;
    while (pos < in_.size()) {
      size_t next = pos;
      if (!is_white_space(next_code_point(in_, next))) break;
      pos = next;
    }
    move_to(pos);
  }

  // After the end of a tag: '-' eats white space, a plain tag one newline.
  void after_tag(char sign, bool trims_newline) {
    if (sign == '-') {
      skip_white();
    } else if (sign != '+' && trims_newline && rest().starts_with('\n')) {
      move_to(pos_ + 1);
    }
  }

  void comment() {
    const size_t close = in_.find("#}", pos_);
    if (close == std::string::npos) fail_syntax(current_line(), "a comment without its #}");
    const char sign = close > pos_ ? in_[close - 1] : 0;
    move_to(close + 2);
    after_tag(sign, true);
  }

  // {% raw %} ... {% endraw %}, when it stands at pos_ (behind the tag's sign).
  bool raw() {
    const size_t after = word_tag_end(pos_, "raw");
    if (after == std::string::npos) return false;
    const char sign = in_[after - 3];
    move_to(after);
    if (sign == '-') skip_white();
    size_t open = pos_;
    for (open = in_.find("{%", open); open != std::string::npos; open = in_.find("{%", open + 1)) {
      const char mark = open + 2 < in_.size() ? in_[open + 2] : 0;
      const size_t inside_tag = open + (mark == '-' || mark == '+' ? 3 : 2);
      const size_t end = word_tag_end(inside_tag, "endraw");
      if (end == std::string::npos) continue;
      token_begin_ = pos_;
      emit_data(open, inside_tag == open + 3 ? mark : 0, true);
      const char end_sign = in_[end - 3];
      move_to(end);
      after_tag(end_sign, true);
      return true;
    }
    fail_syntax(current_line(), "raw without its endraw");
  }

  // The place behind "%}" where `word` and the end of the tag stand at `pos`; npos otherwise.
  size_t word_tag_end(size_t pos, std::string_view word) const {
    while (pos < in_.size() && is_space(in_[pos])) ++pos;
    if (in_.compare(pos, word.size(), word) != 0) return std::string::npos;
    pos += word.size();
    while (pos < in_.size() && is_space(in_[pos])) ++pos;
    if (pos < in_.size() && (in_[pos] == '-' || in_[pos] == '+')) ++pos;
    return in_.compare(pos, 2, "%}") == 0 ? pos + 2 : std::string::npos;
  }

  int current_line() {
    lines_to(pos_);
    return line_;
  }

  void inside(bool is_block) {
    int open_braces = 0;
    while (true) {
      while (pos_ < in_.size() && is_space(in_[pos_])) move_to(pos_ + 1);
      if (pos_ >= in_.size()) fail_syntax(current_line(), "a tag without its end");
      token_begin_ = pos_;
      if (open_braces == 0 && tag_end(is_block)) return;
      expression_token(open_braces);
    }
  }

  bool tag_end(bool is_block) {
    const std::string_view close = is_block ? "%}" : "}}";
    const char sign = in_[pos_];
    const bool has_sign = (sign == '-' || (sign == '+' && is_block)) && rest().substr(1, 2) == close;
    if (!has_sign && rest().substr(0, 2) != close) return false;
    add(is_block ? TokenKind::kBlockEnd : TokenKind::kVariableEnd, "");
    move_to(pos_ + (has_sign ? 3 : 2));
    after_tag(has_sign ? sign : 0, is_block);
    return true;
  }

  void expression_token(int& open_braces) {
    const char c = in_[pos_];
    if (is_digit(c)) {
      number();
    } else if (begins_name(c)) {
      size_t end = pos_;
      while (end < in_.size() && continues_name(in_[end])) ++end;
      add(TokenKind::kName, in_.substr(pos_, end - pos_));
      move_to(end);
    } else if (c == '"' || c == '\'') {
      string(c);
    } else {
      for (const std::string_view op : kOperators) {
        if (!rest().starts_with(op)) continue;
        if (op == "{" || op == "(" || op == "[") ++open_braces;
        if (op == "}" || op == ")" || op == "]") open_braces = std::max(0, open_braces - 1);
        add(TokenKind::kOperator, std::string(op));
        move_to(pos_ + op.size());
        return;
      }
      fail_syntax(current_line(), std::string("unexpected character '") + c + "'");
    }
  }

  size_t digits_end(size_t pos, int base) const {
    while (pos < in_.size()) {
      const bool separator = in_[pos] == '_' && pos + 1 < in_.size();
      const bool digit = base == 16 ? std::isxdigit(static_cast<unsigned char>(in_[pos])) != 0 : is_digit(in_[pos]);
      if (!digit && !separator) break;
      ++pos;
    }
    return pos;
  }

  void number() {
    size_t end = pos_;
    bool is_float = false;
    const char mark = rest().size() > 1 ? static_cast<char>(in_[pos_ + 1] | 0x20) : 0;
    if (in_[pos_] == '0' && (mark == 'x' || mark == 'o' || mark == 'b')) {
      end = digits_end(pos_ + 2, 16);
    } else {
      end = digits_end(pos_, 10);
      const bool after_dot = !tokens_.empty() && tokens_.back().is_operator(".");
      if (!after_dot && end + 1 < in_.size() && in_[end] == '.' && is_digit(in_[end + 1])) {
        is_float = true;
        end = digits_end(end + 1, 10);
      }
      if (!after_dot && end < in_.size() && (in_[end] | 0x20) == 'e') {
        size_t power = end + 1;
        if (power < in_.size() && (in_[power] == '+' || in_[power] == '-')) ++power;
        if (power < in_.size() && is_digit(in_[power])) {
          is_float = true;
          end = digits_end(power, 10);
        }
      }
    }
    std::string text = in_.substr(pos_, end - pos_);
    text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
    add(is_float ? TokenKind::kFloat : TokenKind::kInteger, std::move(text));
    move_to(end);
  }

  void string(char quote) {
    std::string text;
    size_t pos = pos_ + 1;
    while (pos < in_.size() && in_[pos] != quote) {
      if (in_[pos] == '\\' && pos + 1 < in_.size()) {
        pos = escape(pos + 1, text);
      } else {
        text += in_[pos++];
      }
    }
    if (pos >= in_.size()) fail_syntax(current_line(), "a string without its end");
    add(TokenKind::kString, std::move(text));
    move_to(pos + 1);
  }

  // Resolves the escape whose letter stands at `pos`; returns the place behind it.
  size_t escape(size_t pos, std::string& text) {
    constexpr std::string_view kLetters = "abfnrtv\\'\"\n";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"";
    const char c = in_[pos];
    const size_t known = kLetters.find(c);
    if (known != std::string_view::npos) {
      if (known < kMeanings.size()) text += kMeanings[known];
      return pos + 1;
    }
    const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits > 0) return code_escape(pos + 1, digits, 16, text);
    if (c >= '0' && c <= '7') {
      size_t count = 1;
      while (count < 3 && pos + count < in_.size() && in_[pos + count] >= '0' && in_[pos + count] <= '7') ++count;
      return code_escape(pos, count, 8, text);
    }
    text += '\\';
    text += c;
    return pos + 1;
  }

  size_t code_escape(size_t pos, size_t digits, int base, std::string& text) {
    const std::string code = in_.substr(pos, digits);
    const bool complete = code.size() == digits && std::all_of(code.begin(), code.end(), [](char d) {
                            return std::isxdigit(static_cast<unsigned char>(d)) != 0;
                          });
    if (!complete) fail_syntax(current_line(), "a cut escape in a string");
    append_utf8(text, static_cast<char32_t>(std::stoul(code, nullptr, base)));
    return pos + digits;
  }

  std::string in_;
  size_t pos_ = 0;
  size_t token_begin_ = 0;
  size_t counted_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  if (!is_valid_utf8(source)) fail_syntax(1, "the text is not UTF-8");
  return Lexer(source).run();
}

void fail_syntax(int line, const std::string& fact) {
  throw ModelError("chat template does not parse: line " + std::to_string(line) + ": " + fact +
                   "; is it a Jinja template that transformers reads?");
}

}  // namespace rondo::text::jinja
