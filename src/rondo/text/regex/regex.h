// SPDX-License-Identifier: Apache-2.0
// Regular expressions of tokenizer files, run by PCRE2 with its JIT compiler.
//
// The files are written for Oniguruma in its Ruby syntax, which differs in what \s, \w, \h, ^ and nested classes mean;
// oniguruma.h rewrites the pattern first.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/text/tokenizer/aligned_text.h"

namespace rondo::text {

class Regex {
 public:
  /// Throws ModelError where the pattern does not compile.
  explicit Regex(std::string_view oniguruma_pattern);
  /// Matches exactly `text`.
  static Regex literal(std::string_view text);

  /// Appends every match of valid UTF-8, from left to right. Throws ModelError where matching takes too many steps.
  void find_all(std::string_view text, std::vector<TextSpan>& matches) const;

 private:
  struct Code;
  Regex(std::string_view pattern, unsigned extra_options);

  std::shared_ptr<const Code> code_;
  std::string pattern_;
};

}  // namespace rondo::text
