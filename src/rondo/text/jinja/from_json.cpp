// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/jinja/from_json.h"

#include <limits>

#include "rondo/text/jinja/error.h"

namespace rondo::text::jinja {

Value from_json(const nlohmann::ordered_json& json, int depth) {
  constexpr int kMaxDepth = 200;
  if (depth > kMaxDepth) fail_limit("values nested too deep");
  switch (json.type()) {
    case nlohmann::json::value_t::boolean:
      return Value::boolean(json.get<bool>());
    case nlohmann::json::value_t::number_integer:
      return Value::integer(json.get<int64_t>());
    case nlohmann::json::value_t::number_unsigned: {
      const auto number = json.get<uint64_t>();
      const bool fits = number <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
      return fits ? Value::integer(static_cast<int64_t>(number)) : Value::big_integer(std::to_string(number));
    }
    case nlohmann::json::value_t::number_float:
      return Value::real(json.get<double>());
    case nlohmann::json::value_t::string:
      return Value::string(json.get<std::string>());
    case nlohmann::json::value_t::array: {
      std::vector<Value> items;
      for (const auto& item : json) items.push_back(from_json(item, depth + 1));
      return Value::list(std::move(items));
    }
    case nlohmann::json::value_t::object: {
      std::vector<std::pair<Value, Value>> items;
      for (const auto& [key, value] : json.items()) items.emplace_back(Value::string(key), from_json(value, depth + 1));
      return Value::dict(std::move(items));
    }
    default:
      return Value::none();
  }
}

}  // namespace rondo::text::jinja
