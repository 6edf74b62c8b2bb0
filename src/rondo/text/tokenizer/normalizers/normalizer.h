// SPDX-License-Identifier: Apache-2.0
// Normalizers: rewrites of the text before it is cut. A new one is a file with a maker, and a row of normalizer.cpp.
#pragma once

#include <memory>

#include "rondo/text/tokenizer/aligned_text.h"
#include "rondo/text/tokenizer/component.h"

namespace rondo::text {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  /// `text` is valid UTF-8 and stays so.
  virtual void apply(AlignedText& text) const = 0;
};

/// Throws ModelError where the type is unknown or a field is missing.
std::unique_ptr<Normalizer> make_normalizer(const Json& fields, int depth = 0);

// The rows' makers, by file.
std::unique_ptr<Normalizer> make_nfc(const Json& fields, int depth);  // normalizer_unicode.cpp
std::unique_ptr<Normalizer> make_nfd(const Json& fields, int depth);
std::unique_ptr<Normalizer> make_nfkc(const Json& fields, int depth);
std::unique_ptr<Normalizer> make_nfkd(const Json& fields, int depth);
std::unique_ptr<Normalizer> make_lowercase(const Json& fields, int depth);  // normalizer_simple.cpp
std::unique_ptr<Normalizer> make_strip(const Json& fields, int depth);
std::unique_ptr<Normalizer> make_strip_accents(const Json& fields, int depth);
std::unique_ptr<Normalizer> make_prepend(const Json& fields, int depth);
std::unique_ptr<Normalizer> make_replace(const Json& fields, int depth);
std::unique_ptr<Normalizer> make_nmt(const Json& fields, int depth);
std::unique_ptr<Normalizer> make_byte_level_normalizer(const Json& fields, int depth);
std::unique_ptr<Normalizer> make_bert_normalizer(const Json& fields, int depth);  // normalizer_bert.cpp
std::unique_ptr<Normalizer> make_precompiled(const Json& fields, int depth);      // normalizer_precompiled.cpp

/// Replaces every character that `rewrite` changes: it returns false to keep the character, true to put `out`.
using CharacterRewriter = bool (*)(char32_t c, std::string& out);
void rewrite_characters(AlignedText& text, CharacterRewriter rewrite);

/// Normal form "nfc" or "nfkc", composed or decomposed, in place.
void apply_normal_form(AlignedText& text, const char* name, bool compose);

}  // namespace rondo::text
