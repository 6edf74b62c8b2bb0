// SPDX-License-Identifier: Apache-2.0
// Tokenizer files and chat templates under mutation: an answer or a typed error, never a crash or a hang.
// RONDO_FUZZ_ITERATIONS sets the number of inputs (default 100,000 each).
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iterator>
#include <string>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/base/random.h"
#include "rondo/text/chat_template.h"
#include "rondo/text/jinja/error.h"
#include "rondo/text/tokenizer/tokenizer.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

constexpr uint64_t kSeed = 20250314;

int64_t iterations() {
  const char* const text = std::getenv("RONDO_FUZZ_ITERATIONS");
  return text == nullptr ? 100'000 : std::atoll(text);
}

template <size_t kTokens>
std::string mutate(std::string text, const char* const (&tokens)[kTokens], Random& random) {
  for (uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
    const size_t at = random.below(text.size() + 1), length = random.below(12);
    switch (random.below(5)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, text.substr(random.below(text.size() + 1), length));
        break;
      case 2:
        text.insert(at, tokens[random.below(kTokens)]);
        break;
      case 3:
        text.replace(at, std::min<size_t>(length, text.size() - at), tokens[random.below(kTokens)]);
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
    }
  }
  return text;
}

constexpr const char* kTokenizers[] = {
    R"({"added_tokens":[{"id":5,"content":"<s>","lstrip":true,"rstrip":true,"special":true}],"normalizer":{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "}]},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":true},"post_processor":{"type":"RobertaProcessing","sep":["b",1],"cls":["a",0]},"decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"\u0120":3,"\u0120a":4},"merges":["a b","\u0120 a"]}})",
    R"({"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[C]","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"[C]":{"id":"[C]","ids":[0]}}},"decoder":{"type":"WordPiece"},"model":{"type":"WordPiece","unk_token":"[U]","vocab":{"[U]":0,"a":1,"##b":2}}})",
    R"({"normalizer":{"type":"Precompiled","precompiled_charsmap":"BAAAAAAAAABhAA=="},"pre_tokenizer":{"type":"Metaspace","prepend_scheme":"first","split":true},"decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},"model":{"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["<unk>",0],["a",-1.5],["ab",-2],["<0x41>",-3]]}})",
    R"({"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s)|[^\\r\\n\\p{L}&&[^ab]]?\\p{L}+|\\p{N}{1,3}+|\\b"},"behavior":"MergedWithNext","invert":true},{"type":"Digits","individual_digits":true},{"type":"UnicodeScripts"}]},"model":{"type":"WordLevel","unk_token":"u","vocab":{"u":0,"a":1}}})",
};
constexpr const char* kJsonTokens[] = {"\"",   "{",        "}",    "[",        "]",        ",",      ":",
                                       "\\",   "null",     "-1",   "99999999", "\"type\"", "(a+)+b", "{1,99}",
                                       "(?<=", "[[:^x:]]", "\xFF", "\\u0000",  "Sequence", "true"};
constexpr const char* kTexts[] = {"aab <s> a1\xC3\xA9\xE2\x96\x81 ab",
                                  "\xFF\xED\xA0\x80 A''s \xE4\xB8\xAD\xF0\x9F\x98\x80",
                                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", ""};

TEST(TextFuzz, TokenizersAnswerOrRefuse) {
  Random random(kSeed);
  int64_t loaded = 0;
  for (int64_t i = 0; i < iterations(); ++i) {
    const std::string json = mutate(kTokenizers[random.below(std::size(kTokenizers))], kJsonTokens, random);
    try {
      const Tokenizer tokenizer = Tokenizer::from_json(json, "fuzz");
      ++loaded;
      const std::string text = mutate(kTexts[random.below(std::size(kTexts))], kJsonTokens, random);
      const Encoding encoding = tokenizer.encode(text, true);
      for (const TextSpan& span : encoding.offsets)
        ASSERT_LE(span.end, text.size()) << json << " on " << ::testing::PrintToString(text);
      static_cast<void>(tokenizer.decode(encoding.ids, false));
    } catch (const Error& error) {
      ASSERT_NE(error.kind(), ErrorKind::kInternal) << error.what() << json;
    } catch (const std::exception& error) {
      FAIL() << "input " << i << ": " << error.what() << ": " << json;
    }
  }
  EXPECT_GT(loaded, iterations() / 50);
}

// Bytes of all kinds: ASCII, several scripts, emoji, combining marks, white space, what is not UTF-8.
std::string random_text(Random& random) {
  static constexpr const char* kPieces[] = {"a",
                                            "ab ",
                                            " ",
                                            "\n",
                                            "  ",
                                            "1",
                                            "\xC3\xA9",
                                            "e\xCC\x81",
                                            "\xE4\xB8\xAD",
                                            "\xE2\x96\x81",
                                            "\xF0\x9F\x98\x80",
                                            "\xE2\x80\x8D",
                                            "<s>",
                                            "'s",
                                            "\xEF\xB7\xBA",
                                            "\xED\xA0\x80",
                                            "\xF4\x90\x80\x80",
                                            "\xC2\xAD",
                                            "\xE0\xB8\xB3",
                                            "B",
                                            "##"};
  std::string text;
  for (uint64_t count = random.below(40); count > 0; --count) {
    if (random.below(8) == 0) {
      text += static_cast<char>(random.below(256));
    } else {
      text += kPieces[random.below(std::size(kPieces))];
    }
  }
  return text;
}

TEST(TextFuzz, EncodersTakeAnyBytes) {
  std::vector<Tokenizer> tokenizers;
  for (const char* const json : kTokenizers) tokenizers.push_back(Tokenizer::from_json(json, "fuzz"));
  Random random(kSeed);
  for (int64_t i = 0; i < iterations(); ++i) {
    const Tokenizer& tokenizer = tokenizers[random.below(tokenizers.size())];
    const std::string text = random_text(random);
    try {
      const Encoding encoding = tokenizer.encode(text, true);
      ASSERT_EQ(encoding.offsets.size(), encoding.ids.size());
      for (const TextSpan& span : encoding.offsets) {
        ASSERT_LE(span.begin, span.end) << ::testing::PrintToString(text);
        ASSERT_LE(span.end, text.size()) << ::testing::PrintToString(text);
      }
      ASSERT_TRUE(is_valid_utf8(tokenizer.decode(encoding.ids, false))) << ::testing::PrintToString(text);
    } catch (const Error& error) {
      ASSERT_NE(error.kind(), ErrorKind::kInternal) << error.what();
    } catch (const std::exception& error) {
      FAIL() << "input " << i << ": " << error.what() << ": " << ::testing::PrintToString(text);
    }
  }
}

constexpr const char* kTemplates[] = {
    R"({%- set ns = namespace(a=0) -%}{% for m in messages if m.role != 'x' %}{{ loop.index ~ m['content'][1:-1:2]|trim|upper }}{% set ns.a = ns.a + 1 %}{% else %}-{% endfor %}{{ ns.a }})",
    R"({% macro f(a, b=1, *c) %}{{ a|tojson(indent=2) }}{{ caller() if caller else varargs }}{% endmacro %}{% call f(messages, 2) %}x{% endcall %}{{ f(tools) }})",
    R"({{ messages|selectattr('role','equalto','user')|map(attribute='content')|join(', ') }}{% if tools is defined and tools %}{{ tools|length }}{% elif not tools %}{{ 'a' * 3 + '%s' % 4 }}{% endif %})",
    R"({% generation %}{{ messages[-1].content.split('a')|list|string }}{% endgeneration %}{% filter upper %}{% raw %}{{ x }}{% endraw %}{% endfilter %}{{ range(3)|batch(2)|list }}{{ [1, 2.5, none, true, {'a': (1,)}] }})",
};
constexpr const char* kTemplateTokens[] = {
    "{{",          "}}",      "{%",        "%}",     "{#",   "-",           "|",      "(",
    ")",           "[",       "]",         ".",      "~",    " * 99999999", " ** 99", "range(99999)",
    " for x in y", "loop",    "namespace", "endfor", "\\",   "'",           "none",   "messages",
    " recursive",  "|tojson", "|sort",     "*",      "\xFF", ",",           "=",      "not "};

TEST(TextFuzz, TemplatesAnswerOrRefuse) {
  Random random(kSeed);
  TemplateInput input;
  input.messages = nlohmann::ordered_json::parse(
      R"([{"role":"user","content":"Hallo, \u4e2d"},{"role":"assistant","content":"abba","tool_calls":[{"a":1.5}]}])");
  int64_t rendered = 0;
  for (int64_t i = 0; i < iterations(); ++i) {
    const std::string source = mutate(kTemplates[random.below(std::size(kTemplates))], kTemplateTokens, random);
    try {
      const ChatTemplate chat_template(source, {});
      static_cast<void>(chat_template.render(input));
      ++rendered;
    } catch (const Error& error) {
      ASSERT_NE(error.kind(), ErrorKind::kInternal) << error.what() << source;
    } catch (const std::exception& error) {
      FAIL() << "input " << i << ": " << error.what() << ": " << source;
    }
  }
  EXPECT_GT(rendered, iterations() / 50);
}

// What a hostile template would try: every one of these is stopped, soon and with a sentence.
// Seconds until a hostile template is stopped, on a busy machine; sanitizers slow the allocation of large lists down.
#ifdef __SANITIZE_ADDRESS__
constexpr double kLongestRefusal = 90;
#else
constexpr double kLongestRefusal = 20;
#endif

TEST(TextFuzz, HostileTemplatesStopAtALimit) {
  const char* const sources[] = {
      "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% "
      "endfor %}",
      "{{ 'a' * 99999999999 }}",
      "{{ [0] * 99999999999 }}",
      "{{ range(99999999999)|list }}",
      "{% set x = namespace(v='a') %}{% for i in range(99) %}{% set x.v = x.v + x.v %}{% endfor %}",
      "{% set x = namespace(v=[0]) %}{% for i in range(99) %}{% set x.v = x.v + x.v %}{% endfor %}",
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      "{% macro f() %}{% call f() %}{% endcall %}{% endmacro %}{{ f() }}",
      "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
      "{% set x = namespace(v=[]) %}{% for i in range(99999) %}{% set x.v = [x.v] %}{% endfor %}{{ x.v }}",
      "{% set x = namespace(v={}) %}{% for i in range(99999) %}{% set x.v = {'a': x.v} %}{% endfor %}{{ x.v }}",
      "{% set x = namespace() %}{% for i in range(99999) %}{% set x.v = namespace(p=x.v) %}{% endfor %}{{ x.v }}",
      "{% for i in range(99999) %}{{ '%9999s' % i }}{% endfor %}",
      "{{ 2 ** 2 ** 2 ** 99 }}",
      "{{ 9 ** 9999 }}",
      "{{ 'abc'.center(999999999999) }}",
      "{{ 'abc'.zfill(999999999999) }}",
      "{{ 'a\tb'.expandtabs(999999999999) }}",
      "{{ 'abc'|center(999999999999) }}",
      "{{ 'a\na'|indent(99999999999) }}",
      "{{ [1]|tojson(indent=99999999999) }}",
      "{{ '{:>99999999999}'.format(1) }}",
      "{{ '{:.99999999}'.format(1.5) }}",
      "{{ '%99999999d' % 1 }}",
      "{{ '%*d' % (999999999, 1) }}",
      "{{ [1]|batch(99999999999, 0)|list }}",
      "{{ [1]|slice(99999999999)|list }}",
      "{{ ('a' * 99999).replace('a', 'a' * 99999) }}",
      "{{ ('a' * 99999)|replace('', 'b' * 99999) }}",
      "{{ ('a' * 999999).join(range(99999)|map('string')) }}",
      "{{ range(99999)|join('a' * 999999) }}",
  };
  TemplateInput input;
  input.messages = nlohmann::ordered_json::array();
  for (const char* const source : sources) {
    const auto start = std::chrono::steady_clock::now();
    try {
      const std::string text = ChatTemplate(source, {}).render(input).text;
      ADD_FAILURE() << "not stopped: " << source << ": " << text.size() << " bytes";
    } catch (const jinja::RenderError& error) {
      EXPECT_GT(error.reason.size(), 10U) << source;
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_LT(seconds.count(), kLongestRefusal) << source;
  }
  // A namespace that holds itself, and a chain of them that is never printed, do no harm.
  const char* const harmless[] = {
      "{% set x = namespace() %}{% set x.me = [x] %}{{ x.me }}{{ x }}",
      "{% set x = namespace(p=none) %}{% for i in range(99999) %}{% set x = namespace(p=x) %}{% endfor %}",
  };
  for (const char* const source : harmless) EXPECT_NO_THROW(static_cast<void>(ChatTemplate(source, {}).render(input)));
  const std::string deep(100'000, '(');
  EXPECT_THROW(ChatTemplate("{{ " + deep, {}), ModelError);
  std::string nested;
  for (int i = 0; i < 20'000; ++i) nested += "{% if a %}";
  EXPECT_THROW(ChatTemplate(nested, {}), ModelError);
}

}  // namespace
}  // namespace rondo::text
