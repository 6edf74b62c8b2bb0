// SPDX-License-Identifier: Apache-2.0
// GPT-2's pre-tokenizer: cut by its pattern, then write bytes in the byte alphabet.
#include <optional>

#include "rondo/text/regex/regex.h"
#include "rondo/text/tokenizer/byte_alphabet.h"
#include "rondo/text/tokenizer/pre_tokenizers/pre_tokenizer.h"

namespace rondo::text {
namespace {

// Contractions, letters, numbers, everything else with an optional space before it, then white space, whose last
// character goes to the word that follows.
constexpr const char* kPattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

class ByteLevel : public PreTokenizer {
 public:
  explicit ByteLevel(const Json& fields) : prefix_space_(field_or(fields, "add_prefix_space", true)) {
    if (field_or(fields, "use_regex", true)) regex_.emplace(kPattern);
  }

  void apply(PieceList& list) const override {
    if (prefix_space_) add_prefix(list);
    if (regex_) {
      const auto find = [this](std::string_view text, std::vector<TextSpan>& out) { regex_->find_all(text, out); };
      split_pieces(list, find, SplitBehavior::kIsolated, false);
    }
    if (!leaves_bytes_) write_alphabet(list);
  }

  bool leave_bytes() override {
    leaves_bytes_ = true;
    return true;
  }

 private:
  static void add_prefix(PieceList& list) {
    const std::string_view view = list.text.view();
    rewrite_pieces(list, [view](TextEditor& editor, size_t begin, size_t end) {
      if (view[begin] != ' ') editor.put(" ", begin, begin);
      editor.keep(begin, end);
    });
  }

  static void write_alphabet(PieceList& list) {
    const std::string_view view = list.text.view();
    rewrite_pieces(list, [view](TextEditor& editor, size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) editor.put(byte_characters()[static_cast<unsigned char>(view[i])], i, i + 1);
    });
  }

  bool prefix_space_;
  bool leaves_bytes_ = false;
  std::optional<Regex> regex_;
};

}  // namespace

std::unique_ptr<PreTokenizer> make_byte_level(const Json& fields, int) { return std::make_unique<ByteLevel>(fields); }

}  // namespace rondo::text
