// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/jinja/value.h"

#include <algorithm>
#include <cmath>

#include "rondo/text/jinja/error.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text::jinja {
namespace {

// Deeper than any message or tool schema; far below what recursion over a value can hold.
constexpr int kMaxNesting = 256;

int checked_depth(int depth) {
  if (depth > kMaxNesting) fail_limit("values nested too deep");
  return depth;
}

[[noreturn]] void fail_order(const Value& a, const Value& b) {
  fail_type("'<' not supported between instances of '" + type_name(a) + "' and '" + type_name(b) + "'");
}

template <typename T>
int sign_of(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

bool is_sequence_kind(ListKind kind) { return is_list_or_tuple(kind) || kind == ListKind::kRange; }

}  // namespace

Value Object::call(Interpreter&, const Arguments&) { fail_type("'" + type_name() + "' object is not callable"); }

bool Object::attribute(Interpreter&, const std::string&, Value&) { return false; }

std::string Object::repr(int) const { return "<" + type_name() + ">"; }

Value Value::none() {
  Value v;
  v.data_ = std::monostate{};
  return v;
}

Value Value::undefined(std::string message, bool is_forbidden) {
  Value v;
  v.data_ = std::make_shared<const Undefined>(Undefined{std::move(message), is_forbidden});
  return v;
}

Value Value::boolean(bool value) {
  Value v;
  v.data_ = value;
  return v;
}

Value Value::integer(int64_t value) {
  Value v;
  v.data_ = value;
  return v;
}

Value Value::big_integer(std::string digits) {
  Value v;
  v.data_ = std::make_shared<const BigInt>(BigInt{std::move(digits)});
  return v;
}

Value Value::real(double value) {
  Value v;
  v.data_ = value;
  return v;
}

Value Value::string(std::string text, bool is_markup) {
  Value v;
  v.data_ = std::make_shared<const StringData>(StringData{std::move(text), is_markup});
  return v;
}

Value Value::list(std::vector<Value> items, ListKind kind) {
  int depth = 1;
  for (const Value& item : items) depth = std::max(depth, 1 + item.depth());
  Value v;
  v.data_ = std::make_shared<const ListData>(ListData{std::move(items), kind, checked_depth(depth), false});
  return v;
}

Value Value::dict(std::vector<std::pair<Value, Value>> items) {
  int depth = 1;
  for (const auto& [key, value] : items) depth = std::max({depth, 1 + key.depth(), 1 + value.depth()});
  Value v;
  v.data_ = std::make_shared<const DictData>(DictData{std::move(items), checked_depth(depth)});
  return v;
}

Value Value::object(std::shared_ptr<Object> object) {
  Value v;
  v.data_ = std::move(object);
  return v;
}

int Value::depth() const {
  if (is(Kind::kList)) return as_list().depth;
  return is(Kind::kDict) ? as_dict().depth : 0;
}

Value Arguments::get(size_t index, std::string_view name) const {
  if (index < positional.size()) return positional[index];
  for (const auto& [key, value] : named) {
    if (key == name) return value;
  }
  return Value();
}

bool Arguments::has(size_t index, std::string_view name) const {
  return index < positional.size() ||
         std::any_of(named.begin(), named.end(), [name](const auto& item) { return item.first == name; });
}

Value make_function(std::string name, Function::Body body) {
  return Value::object(std::make_shared<Function>(std::move(name), std::move(body)));
}

bool is_true(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return value.as_int() != 0;
    case Kind::kFloat:
      return value.as_double() != 0;
    case Kind::kString:
      return !value.as_string().empty();
    case Kind::kList:
      return value.as_list().kind == ListKind::kGenerator || !value.as_list().items.empty();
    case Kind::kDict:
      return !value.as_dict().items.empty();
    case Kind::kObject:
    case Kind::kBigInt:
      return true;
  }
  return true;
}

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    return a.is_integral() && b.is_integral() ? a.as_int() == b.as_int() : a.as_double() == b.as_double();
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
      return a.as_string() == b.as_string();
    case Kind::kList: {
      const ListData &x = a.as_list(), &y = b.as_list();
      if (&x == &y) return true;
      if (x.kind != y.kind || !is_sequence_kind(x.kind)) return false;
      return std::equal(x.items.begin(), x.items.end(), y.items.begin(), y.items.end(), &equal);
    }
    case Kind::kDict: {
      const DictData &x = a.as_dict(), &y = b.as_dict();
      if (x.items.size() != y.items.size()) return false;
      return std::all_of(x.items.begin(), x.items.end(), [&y](const auto& item) {
        const Value* other = find_key(y, item.first);
        return other != nullptr && equal(item.second, *other);
      });
    }
    case Kind::kBigInt:
      return a.big_digits() == b.big_digits();
    default:
      return a.object_pointer() == b.object_pointer();
  }
}

int compare(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    return a.is_integral() && b.is_integral() ? sign_of(a.as_int(), b.as_int()) : sign_of(a.as_double(), b.as_double());
  }
  for (const Value* v : {&a, &b}) {
    if (v->is_undefined()) throw RenderError("UndefinedError", v->as_undefined().message);
  }
  if (a.kind() != b.kind()) fail_order(a, b);
  if (a.is(Kind::kString)) return sign_of(a.as_string(), b.as_string());
  if (!a.is(Kind::kList) || a.as_list().kind != b.as_list().kind || !is_sequence_kind(a.as_list().kind))
    fail_order(a, b);
  const auto &x = a.as_list().items, &y = b.as_list().items;
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (!equal(x[i], y[i])) return compare(x[i], y[i]);
  }
  return sign_of(x.size(), y.size());
}

const Value* find_key(const DictData& dict, const Value& key) {
  for (const auto& [name, value] : dict.items) {
    if (equal(name, key)) return &value;
  }
  return nullptr;
}

const Value* find_key(const DictData& dict, std::string_view key) {
  for (const auto& [name, value] : dict.items) {
    if (name.is(Kind::kString) && name.as_string() == key) return &value;
  }
  return nullptr;
}

std::string type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
    case Kind::kBigInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return value.is_markup() ? "Markup" : "str";
    case Kind::kDict:
      return "dict";
    case Kind::kObject:
      return value.as_object().type_name();
    case Kind::kList:
      break;
  }
  switch (value.as_list().kind) {
    case ListKind::kList:
      return "list";
    case ListKind::kTuple:
    case ListKind::kGroup:
      return "tuple";
    case ListKind::kRange:
      return "range";
    case ListKind::kGenerator:
      return "generator";
    case ListKind::kDictItems:
      return "dict_items";
    case ListKind::kDictKeys:
      return "dict_keys";
    case ListKind::kDictValues:
      return "dict_values";
  }
  return "list";
}

std::vector<Value> items_of(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return {};
    case Kind::kList: {
      const ListData& list = value.as_list();
      if (list.kind != ListKind::kGenerator) return list.items;
      if (list.is_used_up) return {};
      list.is_used_up = true;
      return list.items;
    }
    case Kind::kDict: {
      std::vector<Value> keys;
      for (const auto& item : value.as_dict().items) keys.push_back(item.first);
      return keys;
    }
    case Kind::kString: {
      std::vector<Value> letters;
      for (std::string& c : characters_of(value.as_string())) letters.push_back(Value::string(std::move(c)));
      return letters;
    }
    default:
      fail_type("'" + type_name(value) + "' object is not iterable");
  }
}

bool has_length(const Value& value) {
  const bool generator = value.is(Kind::kList) && value.as_list().kind == ListKind::kGenerator;
  return value.is_undefined() || value.is(Kind::kString) || value.is(Kind::kDict) ||
         (value.is(Kind::kList) && !generator);
}

int64_t length_of(const Value& value) {
  if (!has_length(value)) fail_type("object of type '" + type_name(value) + "' has no len()");
  switch (value.kind()) {
    case Kind::kString:
      return static_cast<int64_t>(count_code_points(value.as_string()));
    case Kind::kList:
      return static_cast<int64_t>(value.as_list().items.size());
    case Kind::kDict:
      return static_cast<int64_t>(value.as_dict().items.size());
    default:
      return 0;
  }
}

std::vector<std::string> characters_of(const std::string& text) {
  std::vector<std::string> result;
  for (size_t pos = 0; pos < text.size();) {
    const size_t begin = pos;
    next_code_point(text, pos);
    result.push_back(text.substr(begin, pos - begin));
  }
  return result;
}

}  // namespace rondo::text::jinja
