// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/regex/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "rondo/base/error.h"
#include "rondo/text/regex/oniguruma.h"
#include "rondo/text/unicode/unicode.h"
#include "rondo/text/unicode/unicode_versions.h"

namespace rondo::text {
namespace {

// Far above what tokenizer patterns need per match, far below what a person notices.
constexpr uint32_t kMatchLimit = 2'000'000;
constexpr size_t kJitStackStart = 32 * 1024;
constexpr size_t kJitStackLimit = 8 * 1024 * 1024;

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using MatchData = std::unique_ptr<pcre2_match_data, Freer<&pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freer<&pcre2_match_context_free>>;
using JitStack = std::unique_ptr<pcre2_jit_stack, Freer<&pcre2_jit_stack_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Freer<&pcre2_compile_context_free>>;

std::string message_of(int code) {
  PCRE2_UCHAR buffer[160];
  pcre2_get_error_message(code, buffer, sizeof(buffer));
  return reinterpret_cast<const char*>(buffer);
}

}  // namespace

struct Regex::Code {
  std::unique_ptr<pcre2_code, Freer<&pcre2_code_free>> compiled;
};

Regex::Regex(std::string_view oniguruma_pattern) : Regex(translate_oniguruma(oniguruma_pattern), 0U) {
  pattern_ = oniguruma_pattern;
}

Regex Regex::literal(std::string_view text) { return Regex(text, PCRE2_LITERAL); }

Regex::Regex(std::string_view pattern, unsigned extra_options) : pattern_(pattern) {
  const CompileContext context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  const uint32_t options = extra_options != 0 ? extra_options | PCRE2_UTF
                                              : PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
  int error = 0;
  PCRE2_SIZE place = 0;
  auto code = std::make_shared<Code>();
  code->compiled.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error,
                                     &place, context.get()));
  if (code->compiled == nullptr) {
    throw ModelError("tokenizer pattern does not compile: '" + std::string(pattern) + "': " + message_of(error) +
                     " at byte " + std::to_string(place) + "; is it an Oniguruma pattern?");
  }
  // A processor without JIT support runs the interpreter; the matches are the same.
  pcre2_jit_compile(code->compiled.get(), PCRE2_JIT_COMPLETE);
  code_ = std::move(code);
}

void Regex::find_all(std::string_view text, std::vector<TextSpan>& matches) const {
  const MatchData data(pcre2_match_data_create(1, nullptr));
  const MatchContext context(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), kMatchLimit);
  JitStack stack;
  std::string copy;
  if (may_need_stand_ins(text)) {
    copy = with_stand_ins(text);
    text = copy;
  }
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  size_t from = 0;
  bool after_match = false;
  while (from <= text.size()) {
    const int count =
        pcre2_match(code_->compiled.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK, data.get(), context.get());
    if (count == PCRE2_ERROR_NOMATCH) return;
    if (count == PCRE2_ERROR_JIT_STACKLIMIT && stack == nullptr) {
      stack.reset(pcre2_jit_stack_create(kJitStackStart, kJitStackLimit, nullptr));
      pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
      continue;
    }
    if (count < 0) {
      throw ModelError("tokenizer pattern failed: '" + pattern_ + "': " + message_of(count) +
                       "; the pattern backtracks too much on this text");
    }
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
    const size_t begin = ends[0], end = ends[1];
    if (begin < end) {
      matches.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      from = end;
      after_match = true;
      continue;
    }
    // An empty match counts unless it touches the match before it; the search goes on one character later.
    const bool touches = after_match && !matches.empty() && matches.back().end == begin;
    if (!touches && end >= begin) matches.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(begin)});
    if (begin >= text.size()) return;
    from = begin + utf8_length(text[begin]);
  }
}

}  // namespace rondo::text
