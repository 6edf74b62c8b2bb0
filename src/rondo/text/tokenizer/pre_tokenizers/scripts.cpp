// SPDX-License-Identifier: Apache-2.0
// Cuts where the script changes, the way sentencepiece does: kana count as Han, and spaces and characters of no script
// stay with what stands before them; those before the first character with a script are dropped.
#include <unicode/uscript.h>

#include "rondo/text/tokenizer/pre_tokenizers/pre_tokenizer.h"
#include "rondo/text/unicode/unicode.h"
#include "rondo/text/unicode/unicode_versions.h"

namespace rondo::text {
namespace {

constexpr char32_t kProlongedSoundMark = 0x30FC;
constexpr int kAnyScript = -1;
// The scripts of the tokenizers library are those of Unicode 9, some of which are others today.
constexpr int kScriptVersion = 9;
constexpr char32_t kArmenianFullStop = 0x589, kArabicLetterMark = 0x61C;
constexpr char32_t kDevanagariGrave = 0x953, kDevanagariAcute = 0x954;

int script_of(char32_t c) {
  if (c == ' ' || !is_assigned_in(c, kScriptVersion)) return kAnyScript;
  if (c == kArmenianFullStop || c == kArabicLetterMark) return USCRIPT_COMMON;
  if (c == kDevanagariGrave || c == kDevanagariAcute) return USCRIPT_DEVANAGARI;
  if (c == kProlongedSoundMark) return USCRIPT_HAN;
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &status);
  if (U_FAILURE(status) || script == USCRIPT_UNKNOWN) return kAnyScript;
  if (script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA) return USCRIPT_HAN;
  return script;
}

void find_scripts(std::string_view text, std::vector<TextSpan>& out) {
  int last = kAnyScript;
  for (size_t pos = 0; pos < text.size();) {
    const auto here = static_cast<uint32_t>(pos);
    const int script = script_of(next_code_point(text, pos));
    if (script == kAnyScript || script == last) continue;
    if (!out.empty()) out.back().end = here;
    out.push_back({here, static_cast<uint32_t>(text.size())});
    last = script;
  }
}

class UnicodeScripts : public PreTokenizer {
 public:
  void apply(PieceList& list) const override { split_pieces(list, &find_scripts, SplitBehavior::kRemoved, true); }
};

}  // namespace

std::unique_ptr<PreTokenizer> make_unicode_scripts(const Json&, int) { return std::make_unique<UnicodeScripts>(); }

}  // namespace rondo::text
