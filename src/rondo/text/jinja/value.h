// SPDX-License-Identifier: Apache-2.0
// Values of the template language: Python's, as far as templates can see them.
//
// Values are immutable but for namespaces. Lists know how deep they nest, so that no walk over a value can run out of
// stack; namespaces may form cycles and are emptied by the interpreter that made them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rondo::text::jinja {

class Value;
class Interpreter;

struct Arguments;

/// A name that has no value, with the sentence that its use is answered with.
struct Undefined {
  std::string message;
  bool is_forbidden = false;  // the sandbox hid the attribute
};

struct StringData {
  std::string text;
  bool is_markup = false;  // result of `safe` or `escape`: what is added to it gets escaped
};

// kGroup: a row of groupby, a tuple whose two items have the names grouper and list.
enum class ListKind { kList, kTuple, kGroup, kRange, kGenerator, kDictItems, kDictKeys, kDictValues };
inline bool is_list_or_tuple(ListKind kind) {
  return kind == ListKind::kList || kind == ListKind::kTuple || kind == ListKind::kGroup;
}

struct ListData {
  std::vector<Value> items;
  ListKind kind = ListKind::kList;
  int depth = 1;
  mutable bool is_used_up = false;  // generators give their items once
};

struct DictData {
  std::vector<std::pair<Value, Value>> items;
  int depth = 1;
};

/// Functions, macros, loops, namespaces.
class Object {
 public:
  virtual ~Object() = default;
  /// "function", "Namespace", ...: for messages and repr.
  virtual std::string type_name() const = 0;
  virtual bool is_callable() const { return false; }
  /// repr(); `depth` objects stand around this one. Throws RenderError where they get too many.
  virtual std::string repr(int depth) const;
  virtual Value call(Interpreter& interpreter, const Arguments& arguments);
  /// The attribute; false where there is none.
  virtual bool attribute(Interpreter& interpreter, const std::string& name, Value& out);
};

/// kBigInt: a whole number of the data beyond 64 bits. It can be printed and compared, and not be calculated with.
enum class Kind { kUndefined, kNone, kBool, kInt, kFloat, kString, kList, kDict, kObject, kBigInt };

struct BigInt {
  std::string digits;  // decimal, with its sign
};

class Value {
 public:
  Value() : data_(std::make_shared<const Undefined>()) {}
  static Value none();
  static Value undefined(std::string message, bool is_forbidden = false);
  static Value boolean(bool value);
  static Value integer(int64_t value);
  static Value big_integer(std::string digits);
  static Value real(double value);
  static Value string(std::string text, bool is_markup = false);
  /// Throws RenderError where the nesting gets too deep.
  static Value list(std::vector<Value> items, ListKind kind = ListKind::kList);
  static Value dict(std::vector<std::pair<Value, Value>> items);
  static Value object(std::shared_ptr<Object> object);

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is(Kind kind_wanted) const { return kind() == kind_wanted; }
  bool is_undefined() const { return is(Kind::kUndefined); }
  bool is_number() const { return is(Kind::kBool) || is(Kind::kInt) || is(Kind::kFloat); }
  bool is_integral() const { return is(Kind::kBool) || is(Kind::kInt); }

  const Undefined& as_undefined() const { return *std::get<0>(data_); }
  bool as_bool() const { return std::get<2>(data_); }
  /// Of kBool or kInt.
  int64_t as_int() const { return is(Kind::kBool) ? (as_bool() ? 1 : 0) : std::get<3>(data_); }
  /// Of any number.
  double as_double() const { return is(Kind::kFloat) ? std::get<4>(data_) : static_cast<double>(as_int()); }
  const std::string& as_string() const { return std::get<5>(data_)->text; }
  const std::string& big_digits() const { return std::get<9>(data_)->digits; }
  bool is_markup() const { return is(Kind::kString) && std::get<5>(data_)->is_markup; }
  const ListData& as_list() const { return *std::get<6>(data_); }
  const DictData& as_dict() const { return *std::get<7>(data_); }
  Object& as_object() const { return *std::get<8>(data_); }
  const std::shared_ptr<Object>& object_pointer() const { return std::get<8>(data_); }

  /// Containers around the innermost value.
  int depth() const;

 private:
  std::variant<std::shared_ptr<const Undefined>, std::monostate, bool, int64_t, double,
               std::shared_ptr<const StringData>, std::shared_ptr<const ListData>, std::shared_ptr<const DictData>,
               std::shared_ptr<Object>, std::shared_ptr<const BigInt>>
      data_;
};

/// What a call passes.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  /// The argument at `index` or of that name, else undefined.
  Value get(size_t index, std::string_view name) const;
  bool has(size_t index, std::string_view name) const;
};

/// A function of the language.
class Function : public Object {
 public:
  using Body = std::function<Value(Interpreter&, const Arguments&)>;
  Function(std::string name, Body body) : name_(std::move(name)), body_(std::move(body)) {}
  std::string type_name() const override { return "builtin_function_or_method"; }
  bool is_callable() const override { return true; }
  Value call(Interpreter& interpreter, const Arguments& arguments) override { return body_(interpreter, arguments); }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  Body body_;
};

Value make_function(std::string name, Function::Body body);

// --- Python's view of values (value.cpp) ---

bool is_true(const Value& value);
/// ==
bool equal(const Value& a, const Value& b);
/// -1, 0, 1. Throws RenderError("TypeError") where Python has no order.
int compare(const Value& a, const Value& b);
/// The value of a key, or nullptr.
const Value* find_key(const DictData& dict, const Value& key);
const Value* find_key(const DictData& dict, std::string_view key);
/// "str", "list", "NoneType".
std::string type_name(const Value& value);
/// The items of anything iterable: list items, dict keys, characters. Throws RenderError("TypeError") otherwise.
std::vector<Value> items_of(const Value& value);
/// len(). Throws RenderError("TypeError") where there is none.
int64_t length_of(const Value& value);
bool has_length(const Value& value);

// --- texts of values (format.cpp) ---

/// str(), and repr().
std::string to_text(const Value& value);
std::string to_repr(const Value& value, int depth = 0);
std::string float_text(double value);

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  bool has_indent = false;
  std::string indent;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
/// json.dumps(). Throws RenderError("TypeError") on values that JSON lacks.
std::string to_json(const Value& value, const JsonStyle& style);

// --- characters ---

/// The code points of a text, one string each.
std::vector<std::string> characters_of(const std::string& text);

}  // namespace rondo::text::jinja
