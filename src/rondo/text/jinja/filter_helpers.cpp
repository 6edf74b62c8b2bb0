// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/jinja/filter_helpers.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "rondo/text/jinja/text_cases.h"

namespace rondo::text::jinja {

Value attribute_of(Interpreter& interpreter, const Value& item, const std::string& path) {
  if (path.empty()) return item;
  Value value = item;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t dot = std::min(path.find('.', begin), path.size());
    const std::string name = path.substr(begin, dot - begin);
    const bool is_index =
        !name.empty() && name.size() < 10 && name.find_first_not_of("0123456789") == std::string::npos;
    value = interpreter.item(value, is_index ? Value::integer(std::stoll(name)) : Value::string(name));
    begin = dot + 1;
  }
  return value;
}

std::vector<std::string> attribute_names(const Value& value) {
  std::vector<std::string> names;
  if (value.is_integral()) return {std::to_string(value.as_int())};
  if (!value.is(Kind::kString)) return names;
  const std::string& text = value.as_string();
  for (size_t begin = 0; begin <= text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    names.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return names;
}

Value fold_case(const Value& value, bool case_sensitive) {
  return value.is(Kind::kString) && !case_sensitive ? Value::string(lower_text(value.as_string())) : value;
}

void sort_by(std::vector<Value>& items, const std::function<Value(const Value&)>& key, bool reverse) {
  std::vector<std::pair<Value, Value>> keyed;
  for (Value& item : items) {
    Value k = key(item);
    keyed.emplace_back(std::move(k), std::move(item));
  }
  std::stable_sort(keyed.begin(), keyed.end(), [reverse](const auto& a, const auto& b) {
    return reverse ? compare(b.first, a.first) < 0 : compare(a.first, b.first) < 0;
  });
  for (size_t i = 0; i < items.size(); ++i) items[i] = std::move(keyed[i].second);
}

Arguments tail(const Arguments& arguments, size_t count) {
  Arguments rest;
  for (size_t i = count; i < arguments.positional.size(); ++i) rest.positional.push_back(arguments.positional[i]);
  rest.named = arguments.named;
  return rest;
}

int64_t whole_of(const Value& value, int64_t fallback) { return value.is_integral() ? value.as_int() : fallback; }

bool parse_whole(const std::string& text, int base, int64_t& out) {
  std::string digits = strip_text(text, "", true, true);
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  if (digits.starts_with('+')) digits.erase(0, 1);
  // 0x, 0o and 0b before the digits of their base.
  const size_t sign = digits.starts_with('-') ? 1 : 0;
  const char mark = digits.size() > sign + 1 && digits[sign] == '0' ? static_cast<char>(digits[sign + 1] | 0x20) : 0;
  if ((base == 16 && mark == 'x') || (base == 8 && mark == 'o') || (base == 2 && mark == 'b')) digits.erase(sign, 2);
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
  return !digits.empty() && result.ec == std::errc() && result.ptr == digits.data() + digits.size();
}

bool parse_real(const std::string& text, double& out) {
  std::string digits = strip_text(text, "", true, true);
  if (digits.starts_with('+')) digits.erase(0, 1);
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return !digits.empty() && result.ec == std::errc() && result.ptr == digits.data() + digits.size();
}

}  // namespace rondo::text::jinja
