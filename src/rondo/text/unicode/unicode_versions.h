// SPDX-License-Identifier: Apache-2.0
// The tokenizers library mixes Unicode versions: its regular expressions and word classes know Unicode 16, its BERT
// categories Unicode 8, its normal forms Unicode 9. ICU and PCRE2 have one version each, whichever is installed. These
// functions bring the versions together, so that ids do not depend on the installed Unicode data.
#pragma once

#include <string>
#include <string_view>

namespace rondo::text {

/// A character of the same general category and UTF-8 length that every installed library knows, for characters that
/// came with Unicode 15 and 16; `c` itself otherwise.
char32_t older_stand_in(char32_t c);

/// False where the text surely has no characters for which there is a stand-in.
bool may_need_stand_ins(std::string_view text);
/// The text with stand-ins; byte positions stay the same.
std::string with_stand_ins(std::string_view text);

/// Whether the character was assigned in that version of Unicode.
bool is_assigned_in(char32_t c, int major_version);

}  // namespace rondo::text
