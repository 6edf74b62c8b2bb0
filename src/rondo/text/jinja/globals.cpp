// SPDX-License-Identifier: Apache-2.0
// Functions that every template can call.
#include <algorithm>
#include <ctime>
#include <utility>

#include "rondo/text/jinja/interpreter.h"

namespace rondo::text::jinja {
namespace {

// The sandbox's own limit on range().
constexpr int64_t kLongestRange = 100'000;
constexpr size_t kLongestTime = 512;

int64_t whole_argument(const Value& value) {
  if (!value.is_integral()) fail_type("'" + type_name(value) + "' object cannot be interpreted as an integer");
  return value.as_int();
}

Value range(Interpreter& in, const Arguments& a) {
  const auto& p = a.positional;
  if (p.empty() || p.size() > 3) fail_type("range expected 1 to 3 arguments, got " + std::to_string(p.size()));
  const int64_t start = p.size() > 1 ? whole_argument(p[0]) : 0;
  const int64_t stop = whole_argument(p[p.size() > 1 ? 1 : 0]);
  const int64_t by = p.size() > 2 ? whole_argument(p[2]) : 1;
  if (by == 0) fail_value("range() arg 3 must not be zero");
  const double count = (static_cast<double>(stop) - static_cast<double>(start)) / static_cast<double>(by);
  if (count > static_cast<double>(kLongestRange))
    throw RenderError("OverflowError", "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
  std::vector<Value> items;
  for (int64_t i = start; by > 0 ? i < stop : i > stop;) {
    items.push_back(Value::integer(i));
    if (__builtin_add_overflow(i, by, &i)) break;
  }
  in.charge(items.size() * sizeof(Value));
  return Value::list(std::move(items), ListKind::kRange);
}

void set_key(std::vector<std::pair<Value, Value>>& items, const Value& key, const Value& value) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&key](const auto& item) { return equal(item.first, key); });
  if (found == items.end()) {
    items.emplace_back(key, value);
  } else {
    found->second = value;
  }
}

Value make_dict(Interpreter&, const Arguments& a) {
  std::vector<std::pair<Value, Value>> items;
  if (!a.positional.empty()) {
    if (a.positional[0].is(Kind::kDict)) {
      items = a.positional[0].as_dict().items;
    } else {
      for (const Value& pair : items_of(a.positional[0])) {
        const std::vector<Value> parts = items_of(pair);
        if (parts.size() != 2)
          fail_value("dictionary update sequence element has length " + std::to_string(parts.size()) +
                     "; 2 is required");
        set_key(items, parts[0], parts[1]);
      }
    }
  }
  for (const auto& [key, value] : a.named) set_key(items, Value::string(key), value);
  return Value::dict(std::move(items));
}

Value make_namespace(Interpreter& in, const Arguments& a) {
  const auto space = in.new_namespace();
  for (const Value& source : a.positional) {
    if (!source.is(Kind::kDict)) fail_type("namespace() takes mappings and keywords");
    for (const auto& [key, value] : source.as_dict().items) space->attributes[to_text(key)] = value;
  }
  for (const auto& [key, value] : a.named) space->attributes[key] = value;
  return Value::object(space);
}

Value raise_exception(Interpreter&, const Arguments& a) {
  throw RenderError("raise_exception", to_text(a.get(0, "message")));
}

// The clock has no time zone and counts seconds: %Z and %z are empty, %f is six zeros.
std::string without_python_codes(const std::string& format) {
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    const char code = format[i] == '%' && i + 1 < format.size() ? format[i + 1] : 0;
    if (code == 'f') out += "000000";
    if (code != 'f' && code != 'Z' && code != 'z') out += code == 0 ? std::string(1, format[i]) : format.substr(i, 2);
    if (code != 0) ++i;
  }
  return out;
}

Value strftime_now(Interpreter& in, const Arguments& a) {
  const Value format = a.get(0, "format");
  if (!format.is(Kind::kString)) fail_type("strftime() argument 1 must be str, not " + type_name(format));
  const std::time_t seconds = in.clock() ? static_cast<std::time_t>(*in.clock()) : std::time(nullptr);
  std::tm parts{};
  // A clock that is set counts local time itself.
  if (in.clock()) {
    gmtime_r(&seconds, &parts);
  } else {
    localtime_r(&seconds, &parts);
  }
  const std::string codes = without_python_codes(format.as_string());
  if (codes.size() > kLongestTime / 2) fail_value("the time format is too long");
  char buffer[kLongestTime];
  // The trailing space tells an empty result from a full buffer.
  const size_t size = std::strftime(buffer, sizeof(buffer), (codes + " ").c_str(), &parts);
  return Value::string(std::string(buffer, size > 0 ? size - 1 : 0));
}

// An object with a place in a list of values.
class Cycler : public Object, public std::enable_shared_from_this<Cycler> {
 public:
  explicit Cycler(std::vector<Value> items) : items_(std::move(items)) {}
  std::string type_name() const override { return "Cycler"; }
  bool attribute(Interpreter&, const std::string& name, Value& out) override {
    if (name == "current")
      out = items_[place_];
    else if (name == "next" || name == "reset")
      out = stepper(name == "next");
    else
      return false;
    return true;
  }

 private:
  Value stepper(bool advances);
  std::vector<Value> items_;
  size_t place_ = 0;
};

class Joiner : public Object {
 public:
  explicit Joiner(std::string separator) : separator_(std::move(separator)) {}
  std::string type_name() const override { return "Joiner"; }
  bool is_callable() const override { return true; }
  Value call(Interpreter&, const Arguments&) override {
    return Value::string(std::exchange(used_, true) ? separator_ : "");
  }

 private:
  std::string separator_;
  bool used_ = false;
};

Value Cycler::stepper(bool advances) {
  return make_function("cycler", [self = shared_from_this(), advances](Interpreter&, const Arguments&) {
    if (!advances) {
      self->place_ = 0;
      return Value::none();
    }
    return self->items_[std::exchange(self->place_, (self->place_ + 1) % self->items_.size())];
  });
}

Value make_cycler(Interpreter&, const Arguments& a) {
  if (a.positional.empty()) fail_type("at least one item has to be provided");
  return Value::object(std::make_shared<Cycler>(a.positional));
}

Value make_joiner(Interpreter&, const Arguments& a) {
  const Value separator = a.get(0, "sep");
  return Value::object(std::make_shared<Joiner>(separator.is_undefined() ? ", " : to_text(separator)));
}

}  // namespace

void define_globals(Interpreter& interpreter) {
  static constexpr std::pair<const char*, Value (*)(Interpreter&, const Arguments&)> kRows[] = {
      {"range", &range},
      {"dict", &make_dict},
      {"namespace", &make_namespace},
      {"raise_exception", &raise_exception},
      {"cycler", &make_cycler},
      {"joiner", &make_joiner},
      {"strftime_now", &strftime_now}};
  for (const auto& [name, function] : kRows) interpreter.define(name, make_function(name, function));
}

}  // namespace rondo::text::jinja
