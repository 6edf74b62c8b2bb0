// SPDX-License-Identifier: Apache-2.0
// str.format: "{} {0} {name!r:>10} {user[id]:{width}.2f}", with Python's format specifications.
#pragma once

#include <string>

#include "rondo/text/jinja/interpreter.h"

namespace rondo::text::jinja {

/// `values` gives {0} and {name}. Attributes and items of values are those that the sandbox shows.
/// Throws RenderError (ValueError, KeyError, IndexError, TypeError) where Python does.
std::string format_text(Interpreter& interpreter, const std::string& format, const Arguments& values);

/// format(value, spec): [[fill]align][sign][z][#][0][width][,|_][.precision][type].
std::string format_value(Interpreter& interpreter, const Value& value, const std::string& spec);

/// ascii(): repr with everything beyond ASCII as escapes.
std::string ascii_repr(const Value& value);

}  // namespace rondo::text::jinja
