// SPDX-License-Identifier: Apache-2.0
// Rows of the tables of methods: a new method of a text is a function and a row of methods.cpp or methods_rare.cpp.
#pragma once

#include <string>
#include <string_view>

#include "rondo/text/jinja/interpreter.h"

namespace rondo::text::jinja {

using In = Interpreter;
using A = Arguments;

/// What a method does: the object it belongs to, and the arguments of the call.
using Method = Value (*)(In&, const Value& self, const A&);

struct MethodRow {
  std::string_view name;
  Method method;
};

/// nullptr where the file has no method of that name.
Method find_rare_text_method(const std::string& name);
Method find_number_method(const Value& number, const std::string& name);

}  // namespace rondo::text::jinja
