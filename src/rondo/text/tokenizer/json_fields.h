// SPDX-License-Identifier: Apache-2.0
// Typed access to the fields of tokenizer files, with errors that name the field.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "rondo/base/error.h"

namespace rondo::text {

using Json = nlohmann::json;

/// The field, or `fallback` where it is absent or null. Throws ModelError where it has another type.
template <typename T>
T field_or(const Json& object, const char* name, T fallback) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return fallback;
  try {
    return found->template get<T>();
  } catch (const nlohmann::json::exception&) {
    throw ModelError(std::string("tokenizer is malformed: field '") + name + "' is " + found->type_name() +
                     "; is this a tokenizer.json of the tokenizers library?");
  }
}

/// The field, which must be there.
template <typename T>
T field(const Json& object, const char* name) {
  if (!object.is_object() || !object.contains(name) || object.at(name).is_null()) {
    throw ModelError(std::string("tokenizer is malformed: field '") + name +
                     "' is missing; is this a tokenizer.json of the tokenizers library?");
  }
  return field_or<T>(object, name, T{});
}

}  // namespace rondo::text
