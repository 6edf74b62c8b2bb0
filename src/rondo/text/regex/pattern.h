// SPDX-License-Identifier: Apache-2.0
// What Split and Replace look for: {"String": "..."} or {"Regex": "..."}.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/text/regex/regex.h"
#include "rondo/text/tokenizer/aligned_text.h"
#include "rondo/text/tokenizer/json_fields.h"

namespace rondo::text {

class Pattern {
 public:
  /// Throws ModelError where the form is unknown or the pattern does not compile.
  explicit Pattern(const Json& fields);

  void find_all(std::string_view text, std::vector<TextSpan>& matches) const;
  std::string replace_all(std::string_view text, std::string_view content) const;

 private:
  std::string literal_;
  std::optional<Regex> regex_;
};

}  // namespace rondo::text
