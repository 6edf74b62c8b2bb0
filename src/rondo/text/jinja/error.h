// SPDX-License-Identifier: Apache-2.0
// How rendering fails: the names are Python's, because templates are written against them.
#pragma once

#include <string>

#include "rondo/base/error.h"

namespace rondo::text::jinja {

/// A template that cannot be rendered for this conversation.
///   type    "raise_exception" where the template refused by itself, else UndefinedError, TypeError, SecurityError, ...
///   reason  the template's own words, or ours
struct RenderError : DataError {
  RenderError(std::string error_type, std::string error_reason)
      : DataError("chat template failed: " + error_type + ": " + error_reason +
                  "; does the conversation fit the template?"),
        type(std::move(error_type)),
        reason(std::move(error_reason)) {}
  std::string type;
  std::string reason;
};

[[noreturn]] inline void fail_type(const std::string& reason) { throw RenderError("TypeError", reason); }
[[noreturn]] inline void fail_value(const std::string& reason) { throw RenderError("ValueError", reason); }
[[noreturn]] inline void fail_limit(const std::string& reason) { throw RenderError("LimitError", reason); }

}  // namespace rondo::text::jinja
