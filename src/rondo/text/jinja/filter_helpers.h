// SPDX-License-Identifier: Apache-2.0
// What the filters share, and the filters that make texts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "rondo/text/jinja/interpreter.h"

namespace rondo::text::jinja {

using In = Interpreter;
using A = Arguments;

/// "a.b" reads attribute b of attribute a; digits are list indices; "" is the item itself.
Value attribute_of(Interpreter& interpreter, const Value& item, const std::string& path);
/// "a,b" names two; a number is an index; undefined and none name nothing.
std::vector<std::string> attribute_names(const Value& value);
/// Texts in lower case unless case_sensitive.
Value fold_case(const Value& value, bool case_sensitive);
/// Stable; keys are computed once.
void sort_by(std::vector<Value>& items, const std::function<Value(const Value&)>& key, bool reverse);
/// The arguments behind the first `count` positional ones.
Arguments tail(const Arguments& arguments, size_t count);
int64_t whole_of(const Value& value, int64_t fallback);
/// int() and float() of a text.
bool parse_whole(const std::string& text, int base, int64_t& out);
bool parse_real(const std::string& text, double& out);

Value filter_capitalize(In&, const Value&, const A&);
Value filter_center(In&, const Value&, const A&);
Value filter_escape(In&, const Value&, const A&);
Value filter_file_size(In&, const Value&, const A&);
Value filter_force_escape(In&, const Value&, const A&);
Value filter_format(In&, const Value&, const A&);
Value filter_indent(In&, const Value&, const A&);
Value filter_join(In&, const Value&, const A&);
Value filter_lower(In&, const Value&, const A&);
Value filter_pprint(In&, const Value&, const A&);
Value filter_replace(In&, const Value&, const A&);
Value filter_safe(In&, const Value&, const A&);
Value filter_string(In&, const Value&, const A&);
Value filter_strip_tags(In&, const Value&, const A&);
Value filter_title(In&, const Value&, const A&);
Value filter_to_json(In&, const Value&, const A&);
Value filter_trim(In&, const Value&, const A&);
Value filter_truncate(In&, const Value&, const A&);
Value filter_upper(In&, const Value&, const A&);
Value filter_url_encode(In&, const Value&, const A&);
Value filter_word_count(In&, const Value&, const A&);
Value filter_word_wrap(In&, const Value&, const A&);
Value filter_xml_attributes(In&, const Value&, const A&);

}  // namespace rondo::text::jinja
