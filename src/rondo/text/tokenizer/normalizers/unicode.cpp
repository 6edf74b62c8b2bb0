// SPDX-License-Identifier: Apache-2.0
// The four Unicode normal forms (UAX 15), by ICU.
#include "rondo/text/unicode/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uniset.h>

#include "rondo/text/tokenizer/normalizers/normalizer.h"

namespace rondo::text {
namespace {

// The normal forms of the tokenizers library are those of Unicode 9: later characters are left alone.
const icu::UnicodeSet& known_characters() {
  static const icu::UnicodeSet set = [] {
    UErrorCode status = U_ZERO_ERROR;
    icu::UnicodeSet known(u"[:Age=9.0:]", status);
    if (U_FAILURE(status)) throw ResourceError("Unicode data is missing: ages; is ICU installed with its data?");
    known.freeze();
    return known;
  }();
  return set;
}

icu::FilteredNormalizer2 form_of(const char* name, bool compose) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* form =
      icu::Normalizer2::getInstance(nullptr, name, compose ? UNORM2_COMPOSE : UNORM2_DECOMPOSE, status);
  if (U_FAILURE(status) || form == nullptr) {
    throw ResourceError(std::string("Unicode data is missing: ") + name + ": " + u_errorName(status) +
                        "; is ICU installed with its data?");
  }
  return icu::FilteredNormalizer2(*form, known_characters());
}

class NormalForm : public Normalizer {
 public:
  NormalForm(const char* name, bool compose) : name_(name), compose_(compose) {}
  void apply(AlignedText& text) const override { apply_normal_form(text, name_, compose_); }

 private:
  const char* name_;
  bool compose_;
};

// The end of the stretch that begins at `begin` and does not interact with what follows it.
size_t stretch_end(const icu::Normalizer2& form, std::string_view view, size_t begin) {
  size_t pos = begin;
  next_code_point(view, pos);
  while (pos < view.size()) {
    size_t next = pos;
    if (form.hasBoundaryBefore(static_cast<UChar32>(next_code_point(view, next)))) break;
    pos = next;
  }
  return pos;
}

}  // namespace

void apply_normal_form(AlignedText& text, const char* name, bool compose) {
  const std::string_view view = text.view();
  if (is_ascii(view)) return;
  const icu::FilteredNormalizer2 form = form_of(name, compose);
  UErrorCode status = U_ZERO_ERROR;
  const icu::StringPiece whole(view.data(), static_cast<int32_t>(view.size()));
  if (form.isNormalizedUTF8(whole, status)) return;
  TextEditor editor(text);
  std::string out;
  for (size_t pos = 0; pos < view.size();) {
    const size_t end = stretch_end(form, view, pos);
    out.clear();
    icu::StringByteSink<std::string> sink(&out);
    form.normalizeUTF8(0, icu::StringPiece(view.data() + pos, static_cast<int32_t>(end - pos)), sink, nullptr, status);
    if (out == view.substr(pos, end - pos)) {
      editor.keep(pos, end);
    } else {
      editor.put(out, pos, end);
    }
    pos = end;
  }
  editor.finish(text);
}

std::unique_ptr<Normalizer> make_nfc(const Json&, int) { return std::make_unique<NormalForm>("nfc", true); }
std::unique_ptr<Normalizer> make_nfd(const Json&, int) { return std::make_unique<NormalForm>("nfc", false); }
std::unique_ptr<Normalizer> make_nfkc(const Json&, int) { return std::make_unique<NormalForm>("nfkc", true); }
std::unique_ptr<Normalizer> make_nfkd(const Json&, int) { return std::make_unique<NormalForm>("nfkc", false); }

}  // namespace rondo::text
