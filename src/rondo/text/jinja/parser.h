// SPDX-License-Identifier: Apache-2.0
// Tokens -> tree.
#pragma once

#include <string_view>

#include "rondo/text/jinja/ast.h"

namespace rondo::text::jinja {

/// Throws ModelError where the source is not a template, or nests deeper than the parser's limit.
Body parse_template(std::string_view source);

}  // namespace rondo::text::jinja
