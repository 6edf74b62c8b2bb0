// SPDX-License-Identifier: Apache-2.0
// Pre-tokenizers that only cut: at patterns, or at characters of a class.
#include <utility>

#include "rondo/text/regex/pattern.h"
#include "rondo/text/tokenizer/pre_tokenizers/pre_tokenizer.h"
#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

SplitBehavior read_behavior(const Json& fields, const char* fallback) {
  const auto name = field_or<std::string>(fields, "behavior", fallback);
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  throw ModelError("tokenizer is not supported: " +
                   unknown_name_message("behavior", name,
                                        {"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"}));
}

class Cutter : public PreTokenizer {
 public:
  Cutter(MatchFinder find, SplitBehavior behavior, bool invert = false)
      : find_(std::move(find)), behavior_(behavior), invert_(invert) {}
  void apply(PieceList& list) const override { split_pieces(list, find_, behavior_, invert_); }

 private:
  MatchFinder find_;
  SplitBehavior behavior_;
  bool invert_;
};

class BertPreTokenizer : public PreTokenizer {
 public:
  void apply(PieceList& list) const override {
    split_pieces(list, each_character(&is_white_space), SplitBehavior::kRemoved, false);
    split_pieces(list, each_character(&is_punctuation), SplitBehavior::kIsolated, false);
  }
};

// Runs of word characters, and runs of what is neither word nor white space.
void find_words(std::string_view text, std::vector<TextSpan>& out) {
  enum Kind { kSpace, kWord, kOther };
  Kind last = kSpace;
  for (size_t pos = 0; pos < text.size();) {
    const auto begin = static_cast<uint32_t>(pos);
    const char32_t c = next_code_point(text, pos);
    const Kind kind = is_word(c) ? kWord : is_white_space(c) ? kSpace : kOther;
    if (kind != kSpace && kind == last) {
      out.back().end = static_cast<uint32_t>(pos);
    } else if (kind != kSpace) {
      out.push_back({begin, static_cast<uint32_t>(pos)});
    }
    last = kind;
  }
}

MatchFinder every_n_characters(int64_t length) {
  return [length](std::string_view text, std::vector<TextSpan>& out) {
    for (size_t pos = 0; pos < text.size();) {
      const auto begin = static_cast<uint32_t>(pos);
      for (int64_t i = 0; i < length && pos < text.size(); ++i) next_code_point(text, pos);
      out.push_back({begin, static_cast<uint32_t>(pos)});
    }
  };
}

}  // namespace

std::unique_ptr<PreTokenizer> make_split(const Json& fields, int) {
  Pattern pattern(field<Json>(fields, "pattern"));
  const auto find = [pattern = std::move(pattern)](std::string_view text, std::vector<TextSpan>& out) {
    pattern.find_all(text, out);
  };
  return std::make_unique<Cutter>(find, read_behavior(fields, "Isolated"), field_or(fields, "invert", false));
}

std::unique_ptr<PreTokenizer> make_digits(const Json& fields, int) {
  const bool alone = field_or(fields, "individual_digits", false);
  return std::make_unique<Cutter>(each_character(&is_numeric),
                                  alone ? SplitBehavior::kIsolated : SplitBehavior::kContiguous);
}

std::unique_ptr<PreTokenizer> make_punctuation(const Json& fields, int) {
  return std::make_unique<Cutter>(each_character(&is_punctuation), read_behavior(fields, "Isolated"));
}

std::unique_ptr<PreTokenizer> make_delimiter(const Json& fields, int) {
  const auto text = field<std::string>(fields, "delimiter");
  size_t pos = 0;
  const char32_t delimiter = text.empty() ? U' ' : next_code_point(text, pos);
  return std::make_unique<Cutter>(each_character([delimiter](char32_t c) { return c == delimiter; }),
                                  SplitBehavior::kRemoved);
}

std::unique_ptr<PreTokenizer> make_whitespace_split(const Json&, int) {
  return std::make_unique<Cutter>(each_character(&is_white_space), SplitBehavior::kRemoved);
}

std::unique_ptr<PreTokenizer> make_whitespace(const Json&, int) {
  return std::make_unique<Cutter>(&find_words, SplitBehavior::kRemoved, true);
}

std::unique_ptr<PreTokenizer> make_bert_pre_tokenizer(const Json&, int) { return std::make_unique<BertPreTokenizer>(); }

std::unique_ptr<PreTokenizer> make_fixed_length(const Json& fields, int) {
  const auto length = field_or<int64_t>(fields, "length", 5);
  if (length < 1) throw ModelError("tokenizer is malformed: FixedLength: length is below 1; give a positive number");
  return std::make_unique<Cutter>(every_n_characters(length), SplitBehavior::kIsolated);
}

}  // namespace rondo::text
