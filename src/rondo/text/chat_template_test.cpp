// SPDX-License-Identifier: Apache-2.0
// The template language on small cases. Expectations follow Jinja 3.1 in transformers' sandbox.
#include "rondo/text/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rondo/text/jinja/error.h"
#include "rondo/text/text_encoder.h"
#include "rondo/text/tokenizer/word_tokenizer.h"

namespace rondo::text {
namespace {

using Json = nlohmann::ordered_json;

std::string render(const std::string& source, const std::string& variables = "{}") {
  TemplateInput input;
  input.messages = Json::array();
  input.variables = Json::parse(variables);
  return ChatTemplate(source, {}).render(input).text;
}

std::string error_type(const std::string& source, const std::string& variables = "{}") {
  try {
    return "no error: " + render(source, variables);
  } catch (const jinja::RenderError& error) {
    return error.type;
  }
}

TEST(Jinja, TrimsBlocksAndStripsTheirIndentation) {
  EXPECT_EQ(render("a\n  {% if true %}\nb\n  {% endif %}\nc\n"), "a\nb\nc");
  EXPECT_EQ(render("a  {%- if true -%}  b  {%- endif %}  c"), "ab  c");
  EXPECT_EQ(render("a\n  {%+ if true %}b{% endif +%}\nc"), "a\n  b\nc");
  EXPECT_EQ(render("a {#- note -#} b{% raw %}{{ x }}{% endraw %}"), "ab{{ x }}");
}

TEST(Jinja, ComputesLikePython) {
  EXPECT_EQ(render("{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 1 / 2 }} {{ 2 ** 10 }} {{ 1e16 }} {{ 1e-5 }} {{ 3.0 }}"),
            "3 -4 2 0.5 1024 1e+16 1e-05 3.0");
  EXPECT_EQ(render("{{ 1 < 2 < 3 }} {{ 'a' in 'abc' }} {{ not 1 == 2 }} {{ 'x' if false }}"), "True True True ");
  EXPECT_EQ(render("{{ [1, 'a', none, (1,), {'k': 1.5}] }}"), "[1, 'a', None, (1,), {'k': 1.5}]");
  EXPECT_EQ(render("{{ 'abcdef'[1:-1:2] }} {{ [1, 2, 3][::-1] }} {{ 'h\xC3\xA9j'[1] }}"), "bd [3, 2, 1] \xC3\xA9");
  EXPECT_EQ(render("{{ \"it's\" ~ 1 ~ none }} {{ [\"it's\", 'a\"b'] }}"), "it's1None [\"it's\", 'a\"b']");
}

TEST(Jinja, WritesJsonLikePython) {
  EXPECT_EQ(render("{{ x|tojson }}", R"({"x": {"b": [1, 2.0, null, true], "a": "\u00e9\"\n<"}})"),
            "{\"b\": [1, 2.0, null, true], \"a\": \"\xC3\xA9\\\"\\n<\"}");
  EXPECT_EQ(render("{{ x|tojson(indent=2) }}", R"({"x": {"b": [1], "a": []}})"),
            "{\n  \"b\": [\n    1\n  ],\n  \"a\": []\n}");
  EXPECT_EQ(render("{{ x|tojson(sort_keys=true, separators=(',', ':'), ensure_ascii=true) }}",
                   R"({"x": {"b": "\u00e9", "a": 1}})"),
            "{\"a\":1,\"b\":\"\\u00e9\"}");
}

TEST(Jinja, KeepsLoopVariablesInsideAndNamespacesOutside) {
  EXPECT_EQ(render("{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}"), "231");
  EXPECT_EQ(render("{% set ns = namespace(x=1) %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}"),
            "4");
  EXPECT_EQ(render("{% for i in [1, 1, 2] %}{{ loop.index }}{{ loop.changed(i) }}{{ loop.previtem }}{{ loop.cycle('a', "
                   "'b') }} {% endfor %}"),
            "1Truea 2False1b 3True1a ");
  EXPECT_EQ(render("{% for i in range(5) if i != 1 %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{{ loop.last }}{% "
                   "else %}none{% endfor %}"),
            "0False2False");
  EXPECT_EQ(render("{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}"), "a=1");
}

TEST(Jinja, CallsMacrosWithCallersAndDefaults) {
  EXPECT_EQ(render("{% macro f(a, b='B') %}{{ a }}{{ b }}{{ caller('x') }}{% endmacro %}{% call(y) f(1) %}<{{ y }}>{% "
                   "endcall %}"),
            "1B<x>");
  EXPECT_EQ(render("{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, k=2) }}"), "(1,){'k': 2}");
  EXPECT_EQ(render("{% set x %}a{{ 1 }}{% endset %}{{ x }}{% filter upper %}b{% endfilter %}{% with y = 2 %}{{ y }}{% "
                   "endwith %}{{ y }}"),
            "a1B2");
}

TEST(Jinja, FiltersLists) {
  const char* const rows = R"({"r": [{"a": 2, "b": "x"}, {"a": 1, "b": "Y"}]})";
  EXPECT_EQ(render("{{ r|sort(attribute='a')|map(attribute='b')|join('-') }}", rows), "Y-x");
  EXPECT_EQ(render("{{ r|selectattr('a', 'gt', 1)|list|length }}{{ r|map(attribute='b')|map('lower')|list }}", rows),
            "1['x', 'y']");
  EXPECT_EQ(render("{{ missing|default('d') }}{{ ''|default('e', true) }}{{ none|map('upper')|list }}"), "de[]");
}

TEST(Jinja, FormatsTextsAsPython) {
  EXPECT_EQ(
      render("{{ '{:>6.2f}|{:<4}|{:^5}|{:05d}|{:+}|{:,}|{:x}|{:#b}|{:%}'.format(3.14159, 'a', 'b', -7, 3, 1234567, "
             "255, 5, 0.5) }}"),
      "  3.14|a   |  b  |-0007|+3|1,234,567|ff|0b101|50.000000%");
  EXPECT_EQ(render("{{ '{!r:>6}|{0[a]}|{k.x}'.format('q') if false else '{!r:>6}|{!s}'.format('q', 'z') }}"),
            "   'q'|z");
  EXPECT_EQ(
      render("{{ '{0[a]} {1[0]} {:}'|replace('{:}', '')|trim if false else '{0[a]} {1[0]}'.format({'a': 1}, [2]) }}"),
      "1 2");
  EXPECT_EQ(render("{{ '{:{w}.{p}f}'.format(2.5, w=7, p=2) }}|{{ '{:08,}'.format(1234) }}"), "   2.50|0,001,234");
  EXPECT_EQ(render("{{ '%*d|%-4s|%c|%a' % (4, 7, 'x', 65, '\u00e9') }}"), "   7|x   |A|'\\xe9'");
  EXPECT_EQ(error_type("{{ '{:d}'.format('a') }}"), "ValueError");
  EXPECT_EQ(error_type("{{ '{}{}'.format(1) }}"), "IndexError");
  EXPECT_EQ(error_type("{{ '{a}'.format(b=1) }}"), "KeyError");
}

TEST(Jinja, HasTheMethodsOfTextsThatAreSeldomCalled) {
  EXPECT_EQ(render("{{ '-7'.zfill(4) }}|{{ 'aB'.swapcase() }}|{{ 'Stra\u00dfe'.casefold() }}|{{ 'a\\tb'.expandtabs(4) "
                   "}}|{{ 'abc'.translate({97: 'x', 98: none}) }}"),
            "-007|Ab|strasse|a   b|xc");
  EXPECT_EQ(
      render("{{ 'Ab Cd'.istitle() }}{{ 'a1'.isidentifier() }}{{ 'a\\n'.isprintable() }}{{ '{x}'.format_map({'x': 1}) "
             "}}"),
      "TrueTrueFalse1");
}

TEST(Jinja, NamesThePartsOfGroups) {
  EXPECT_EQ(
      render("{% for g in r|groupby('a') %}{{ g.grouper }}:{{ g.list|length }};{% endfor %}{{ r|groupby('a')|first }}",
             R"({"r": [{"a": 2}, {"a": 1}, {"a": 2}]})"),
      "1:1;2:2;(1, [{'a': 1}])");
}

TEST(Jinja, PrintsNumbersBeyond64BitsAndCalculatesNotWithThem) {
  EXPECT_EQ(render("{{ x }} {{ [x]|tojson }} {{ x is number }} {{ -0.0 }}", R"({"x": 12345678901234567890})"),
            "12345678901234567890 [12345678901234567890] True -0.0");
  EXPECT_EQ(error_type("{{ x + 1 }}", R"({"x": 12345678901234567890})"), "OverflowError");
  EXPECT_EQ(error_type("{{ 2 ** 64 }}"), "OverflowError");
}

TEST(Jinja, CountsTheArgumentsOfFiltersAndTests) {
  EXPECT_EQ(error_type("{{ 'a'|replace('a') }}"), "TypeError");
  EXPECT_EQ(error_type("{{ 'a'|upper(1) }}"), "TypeError");
  EXPECT_EQ(error_type("{{ 1 is divisibleby }}"), "TypeError");
  EXPECT_EQ(error_type("{{ 1 is none(1) }}"), "TypeError");
  EXPECT_EQ(render("<p{{ {'a': 1, 'b': none, 'c': '<'}|xmlattr }}>"), "<p a=\"1\" c=\"&lt;\">");
  EXPECT_EQ(render("{% set ns = namespace(a=1) %}{{ ns }}"), "<Namespace {'a': 1}>");
}

TEST(Jinja, RefusesWhatTheSandboxRefuses) {
  EXPECT_EQ(render("{{ 'a'.__class__ }}|{{ [1].append }}"), "|");

  EXPECT_EQ(error_type("{{ [1].append(2) }}"), "SecurityError");
  EXPECT_EQ(error_type("{{ missing.x }}"), "UndefinedError");
  EXPECT_EQ(error_type("{{ 'a' + 1 }}"), "TypeError");
  EXPECT_EQ(error_type("{{ raise_exception('no') }}"), "raise_exception");
  EXPECT_EQ(error_type("{{ 1|nothing }}"), "TemplateRuntimeError");
  EXPECT_EQ(error_type("{% include 'x' %}"), "TypeError");
  EXPECT_THROW(render("{% if %}"), ModelError);
  EXPECT_THROW(render("{{ 'a"), ModelError);
}

TEST(Jinja, RecordsGenerationInCharacters) {
  TemplateInput input;
  input.messages = Json::array();
  const Rendering rendering = ChatTemplate("\xC3\xA9{% generation %}b\xC3\xA9{% endgeneration %}c", {}).render(input);
  EXPECT_EQ(rendering.generation, (std::vector<CharacterRange>{{1, 3}}));
}

TEST(Jinja, CopiesReasoningUnderBothNames) {
  TemplateInput input;
  input.messages = Json::parse(R"([{"role": "assistant", "content": "", "reasoning": "r"}])");
  EXPECT_EQ(ChatTemplate("{{ messages[0].thinking }}{{ messages[0].reasoning_content }}", {}).render(input).text, "rr");
}

// As apply_chat_template of transformers 5.24: a content that is null is not there, an empty one is.
TEST(Jinja, AMissingContentIsNotThere) {
  const ChatTemplate asks("{% for m in messages %}{{ m.content is defined }} {{ m.x }};{% endfor %}", {});
  const Message without{.role = "assistant", .content = "", .extra_json = R"({"x":[null],"content":null})"};
  const Message empty{.role = "assistant", .content = "", .extra_json = ""};
  EXPECT_EQ(asks.render({.is_plain = false, .text = "", .messages = {}, .tools_json = "", .template_kwargs_json = ""},
                        {without, empty}, false),
            "False [None];True ;");
}

constexpr const char* kTurns =
    "{{ bos_token }} {% for m in messages %}{{ m.role }} {{ m.content }} </s> {% endfor %}{% if add_generation_prompt "
    "%}assistant {% endif %}";

TEST(TextEncoder, FindsThePromptInARendering) {
  const SpecialTokens tokens{.by_name = {{"bos_token", "<s>"}, {"eos_token", "</s>"}}};
  const TextEncoder encoder(Tokenizer::from_json(build_word_tokenizer({"user", "assistant", "hi", "yes"}), "test"),
                            ChatTemplate(kTurns, tokens), {}, tokens);
  Prompt prompt;
  prompt.text = "hi";
  const EncodedResponse encoded = encoder.encode(prompt, {.role = "assistant", .content = "yes", .extra_json = ""});
  EXPECT_EQ(encoded.ids, (std::vector<int32_t>{1, 3, 5, 2, 4, 6, 2}));
  EXPECT_EQ(encoded.prompt_tokens, 5);
  EXPECT_EQ(encoded.response_begin, 5);
  EXPECT_EQ(encoded.response_end, 6);
}

// The template shows reasoning of the last turn only, and opens it in the generation header.
TEST(TextEncoder, EndsThePromptWhereARewritingTemplateParts) {
  const char* const source =
      "{% for m in messages %}{{ m.role }} {{ m.content }} {% endfor %}{% if add_generation_prompt %}assistant <think> "
      "{% endif %}";
  const TextEncoder encoder(
      Tokenizer::from_json(build_word_tokenizer({"user", "assistant", "hi", "<think>", "<yes>"}), "test"),
      ChatTemplate(source, {}), {});
  Prompt prompt;
  prompt.text = "hi";
  const ExplainedResponse explained =
      encoder.explain(prompt, {.role = "assistant", .content = "<yes>", .extra_json = ""});
  EXPECT_FALSE(explained.prompt_is_prefix);
  // "user hi assistant ", although the response begins with the same '<'.
  EXPECT_EQ(explained.prompt_bytes, 18);
  EXPECT_EQ(explained.encoded.prompt_tokens, 3);
}

}  // namespace
}  // namespace rondo::text
