// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/jinja/macro.h"

#include <algorithm>
#include <utility>

namespace rondo::text::jinja {

Value Macro::call(Interpreter& interpreter, const Arguments& arguments) {
  const Interpreter::Depth depth(interpreter);
  Scope& scope = interpreter.new_scope(&scope_);
  std::vector<std::pair<Value, Value>> further;
  const std::string name = statement_.name.empty() ? "caller" : statement_.name;
  for (const auto& [key, value] : arguments.named) {
    const auto known = std::find_if(statement_.parameters.begin(), statement_.parameters.end(),
                                    [&key = key](const Parameter& p) { return p.name == key; });
    const auto place = static_cast<size_t>(known - statement_.parameters.begin());
    if (known == statement_.parameters.end() && key == "caller") {
      scope.names["caller"] = value;
    } else if (known == statement_.parameters.end()) {
      further.emplace_back(Value::string(key), value);
    } else if (place < arguments.positional.size()) {
      fail_type("macro '" + name + "' got multiple values for argument '" + key + "'");
    } else {
      scope.names[key] = value;
    }
  }
  for (size_t i = 0; i < statement_.parameters.size(); ++i) {
    const Parameter& parameter = statement_.parameters[i];
    if (i < arguments.positional.size()) {
      scope.names[parameter.name] = arguments.positional[i];
    } else if (!scope.names.contains(parameter.name)) {
      scope.names[parameter.name] = Value::undefined("parameter '" + parameter.name + "' was not provided");
    }
  }
  std::vector<Value> rest;
  for (size_t i = statement_.parameters.size(); i < arguments.positional.size(); ++i)
    rest.push_back(arguments.positional[i]);
  return Value::string(interpreter.run_macro(statement_, scope, std::move(rest), std::move(further)));
}

bool Macro::attribute(Interpreter&, const std::string& name, Value& out) {
  if (name == "name") {
    out = Value::string(statement_.name);
  } else if (name == "arguments") {
    std::vector<Value> names;
    for (const Parameter& parameter : statement_.parameters) names.push_back(Value::string(parameter.name));
    out = Value::list(std::move(names), ListKind::kTuple);
  } else if (name == "catch_kwargs" || name == "catch_varargs" || name == "caller") {
    const bool uses = name == "caller"         ? statement_.uses_caller
                      : name == "catch_kwargs" ? statement_.uses_kwargs
                                               : statement_.uses_varargs;
    out = Value::boolean(uses);
  } else {
    return false;
  }
  return true;
}

Value Loop::call(Interpreter& interpreter, const Arguments& arguments) {
  if (!statement_.is_recursive) fail_type("the loop must have the 'recursive' marker to be called recursively");
  if (arguments.positional.size() != 1) fail_type("loop() takes one argument");
  return interpreter.run_loop(statement_, arguments.positional[0], outer_, depth0_ + 1);
}

bool Loop::attribute(Interpreter&, const std::string& name, Value& out) {
  const auto here = static_cast<int64_t>(index), count = static_cast<int64_t>(items.size());
  if (name == "index")
    out = Value::integer(here + 1);
  else if (name == "index0")
    out = Value::integer(here);
  else if (name == "revindex")
    out = Value::integer(count - here);
  else if (name == "revindex0")
    out = Value::integer(count - here - 1);
  else if (name == "first")
    out = Value::boolean(here == 0);
  else if (name == "last")
    out = Value::boolean(here + 1 == count);
  else if (name == "length")
    out = Value::integer(count);
  else if (name == "depth")
    out = Value::integer(depth0_ + 1);
  else if (name == "depth0")
    out = Value::integer(depth0_);
  else if (name == "previtem")
    out = here > 0 ? items[index - 1] : Value::undefined("there is no previous item");
  else if (name == "nextitem")
    out = here + 1 < count ? items[index + 1] : Value::undefined("there is no next item");
  else if (name == "cycle") {
    out = make_function("cycle", [here](Interpreter&, const Arguments& a) {
      if (a.positional.empty()) fail_type("no items for cycling given");
      return a.positional[static_cast<size_t>(here) % a.positional.size()];
    });
  } else if (name == "changed") {
    out = make_function("changed", [self = shared_from_this()](Interpreter&, const Arguments& a) {
      const auto& last = self->last_changed_;
      const bool same =
          self->has_changed_ && std::equal(a.positional.begin(), a.positional.end(), last.begin(), last.end(), &equal);
      self->has_changed_ = true;
      self->last_changed_ = a.positional;
      return Value::boolean(!same);
    });
  } else {
    return false;
  }
  return true;
}

}  // namespace rondo::text::jinja
