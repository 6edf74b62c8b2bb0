// SPDX-License-Identifier: Apache-2.0
// JSON of data files as values of the template language.
#pragma once

#include <nlohmann/json.hpp>

#include "rondo/text/jinja/value.h"

namespace rondo::text::jinja {

/// Whole numbers beyond 64 bits become floats. Throws RenderError where the nesting is too deep.
Value from_json(const nlohmann::ordered_json& json, int depth = 0);

}  // namespace rondo::text::jinja
