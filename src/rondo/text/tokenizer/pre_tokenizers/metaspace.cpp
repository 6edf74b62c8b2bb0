// SPDX-License-Identifier: Apache-2.0
// sentencepiece's visible space: ' ' becomes U+2581, one is put in front of the text, words begin with it.
#include "rondo/text/tokenizer/metaspace.h"

#include <utility>

#include "rondo/text/tokenizer/pre_tokenizers/pre_tokenizer.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

class Metaspace : public PreTokenizer {
 public:
  explicit Metaspace(MetaspaceOptions options) : options_(std::move(options)) {}

  void apply(PieceList& list) const override {
    const AlignedText& source = list.text;
    const std::string& mark = options_.replacement;
    rewrite_pieces(list, [&](TextEditor& editor, size_t begin, size_t end) {
      const std::string_view piece = source.view().substr(begin, end - begin);
      const bool at_start = source.origin(begin, end).begin == 0;
      const bool wanted =
          options_.prepend == PrependScheme::kAlways || (options_.prepend == PrependScheme::kFirst && at_start);
      if (wanted && !piece.starts_with(mark) && !piece.starts_with(' ')) editor.put(mark, begin, begin);
      for (size_t i = begin; i < end; ++i) {
        if (source.view()[i] == ' ') {
          editor.put(mark, i, i + 1);
        } else {
          editor.keep(i, i + 1);
        }
      }
    });
    if (!options_.split) return;
    const auto find = [&mark](std::string_view text, std::vector<TextSpan>& out) {
      for (size_t pos = text.find(mark); pos != std::string_view::npos; pos = text.find(mark, pos + mark.size())) {
        out.push_back({static_cast<uint32_t>(pos), static_cast<uint32_t>(pos + mark.size())});
      }
    };
    split_pieces(list, find, SplitBehavior::kMergedWithNext, false);
  }

 private:
  MetaspaceOptions options_;
};

}  // namespace

MetaspaceOptions read_metaspace(const Json& fields) {
  MetaspaceOptions options;
  options.replacement = field_or<std::string>(fields, "replacement", "\xE2\x96\x81");
  if (options.replacement.empty())
    throw ModelError("tokenizer is malformed: Metaspace: replacement is empty; name a character");
  options.split = field_or(fields, "split", true);
  // Older files say add_prefix_space instead of prepend_scheme.
  const bool adds = field_or(fields, "add_prefix_space", true);
  const auto scheme = field_or<std::string>(fields, "prepend_scheme", adds ? "always" : "never");
  if (scheme == "always") {
    options.prepend = PrependScheme::kAlways;
  } else if (scheme == "first") {
    options.prepend = PrependScheme::kFirst;
  } else if (scheme == "never") {
    options.prepend = PrependScheme::kNever;
  } else {
    throw ModelError("tokenizer is not supported: " +
                     unknown_name_message("prepend_scheme", scheme, {"always", "first", "never"}));
  }
  return options;
}

std::unique_ptr<PreTokenizer> make_metaspace(const Json& fields, int) {
  return std::make_unique<Metaspace>(read_metaspace(fields));
}

}  // namespace rondo::text
