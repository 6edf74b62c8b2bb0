// SPDX-License-Identifier: Apache-2.0
// Oniguruma (Ruby syntax) patterns rewritten for PCRE2.
#pragma once

#include <string>
#include <string_view>

namespace rondo::text {

/// The PCRE2 pattern, for PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, that matches what Oniguruma would:
///   \s \w \d \h \b follow Oniguruma's Unicode classes, \uHHHH is a code point, (?m) is "dot matches newline",
///   character classes nest ([a[bc]]) and intersect ([a&&b]), {n,m}+ is greedy repetition of a repetition.
/// Throws ModelError on an unfinished class or escape, and on classes nested deeper than 32.
std::string translate_oniguruma(std::string_view pattern);

}  // namespace rondo::text
