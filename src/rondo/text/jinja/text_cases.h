// SPDX-License-Identifier: Apache-2.0
// Upper and lower case of whole texts, as Python's str methods have them.
#pragma once

#include <algorithm>
#include <functional>
#include <string>

namespace rondo::text::jinja {

std::string upper_text(const std::string& text);
std::string lower_text(const std::string& text);
/// The first character in title case, the others in lower case.
std::string capitalize_text(const std::string& text);
/// str.title(): a letter behind a letter is lower, any other letter is in title case.
std::string title_text(const std::string& text);

bool is_upper_text(const std::string& text);
bool is_lower_text(const std::string& text);
/// Not empty, and the predicate holds for every character.
bool all_characters(const std::string& text, const std::function<bool(char32_t)>& holds);

/// Without the characters of `characters` (white space where it is empty) at the sides asked for.
std::string strip_text(const std::string& text, const std::string& characters, bool left, bool right);

}  // namespace rondo::text::jinja
