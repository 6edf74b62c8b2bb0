// SPDX-License-Identifier: Apache-2.0
// Cuts where the script changes, the way sentencepiece does: kana count as Han, and spaces and characters of no script
// stay with what stands before them.
#include <unicode/uscript.h>

#include "rondo/text/pre_tokenizer.h"
#include "rondo/text/unicode.h"

namespace rondo::text {
namespace {

constexpr char32_t kProlongedSoundMark = 0x30FC;
constexpr int kAnyScript = -1;

int script_of(char32_t c) {
  if (c == ' ') return kAnyScript;
  if (c == kProlongedSoundMark) return USCRIPT_HAN;
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &status);
  if (U_FAILURE(status) || script == USCRIPT_UNKNOWN) return kAnyScript;
  if (script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA) return USCRIPT_HAN;
  return script;
}

void find_scripts(std::string_view text, std::vector<TextSpan>& out) {
  int last = kAnyScript;
  bool is_first = true;
  uint32_t begin = 0;
  for (size_t pos = 0; pos < text.size();) {
    const auto here = static_cast<uint32_t>(pos);
    const int script = script_of(next_code_point(text, pos));
    if (script != kAnyScript && last != kAnyScript && script != last && !is_first) {
      out.push_back({begin, here});
      begin = here;
    }
    if (script != kAnyScript) last = script;
    is_first = false;
  }
  if (begin < text.size()) out.push_back({begin, static_cast<uint32_t>(text.size())});
}

class UnicodeScripts : public PreTokenizer {
 public:
  void apply(PieceList& list) const override { split_pieces(list, &find_scripts, SplitBehavior::kIsolated, false); }
};

}  // namespace

std::unique_ptr<PreTokenizer> make_unicode_scripts(const Json&, int) { return std::make_unique<UnicodeScripts>(); }

}  // namespace rondo::text
