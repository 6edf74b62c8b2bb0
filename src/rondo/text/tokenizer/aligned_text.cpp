// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/aligned_text.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "rondo/text/unicode/unicode.h"

namespace rondo::text {

TextSpan AlignedText::origin(size_t begin, size_t end) const {
  if (is_identity()) return {static_cast<uint32_t>(base_ + begin), static_cast<uint32_t>(base_ + end)};
  return {origins_[begin].begin, origins_[end - 1].end};
}

AlignedText AlignedText::slice(size_t begin, size_t end) const {
  AlignedText part(text_.substr(begin, end - begin), static_cast<uint32_t>(base_ + begin));
  if (!is_identity()) {
    part.origins_.assign(origins_.begin() + static_cast<std::ptrdiff_t>(begin),
                         origins_.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return part;
}

void AlignedText::append(const AlignedText& other) {
  if (other.text_.empty()) return;
  if (text_.empty()) {
    *this = other;
    return;
  }
  const bool continues = is_identity() && other.is_identity() && other.base_ == base_ + text_.size();
  if (!continues) make_table();
  text_ += other.text_;
  if (continues) return;
  for (size_t i = 0; i < other.text_.size(); ++i) origins_.push_back(other.origin(i, i + 1));
}

void AlignedText::make_table() {
  if (!is_identity()) return;
  origins_.resize(text_.size());
  for (size_t i = 0; i < text_.size(); ++i) {
    origins_[i] = {static_cast<uint32_t>(base_ + i), static_cast<uint32_t>(base_ + i + 1)};
  }
}

TextSpan AlignedText::insertion_point(size_t pos) const {
  if (text_.empty()) return {base_, base_};
  const uint32_t place = pos < text_.size() ? origin(pos, pos + 1).begin : origin(pos - 1, pos).end;
  return {place, place};
}

void TextEditor::keep(size_t begin, size_t end) {
  if (begin >= end) return;
  if (!differs_) {
    if (begin == kept_) {
      kept_ = end;
      return;
    }
    start_copy();
  }
  result_.text_.append(source_.text_, begin, end - begin);
  for (size_t i = begin; i < end; ++i) result_.origins_.push_back(source_.origin(i, i + 1));
}

void TextEditor::put(std::string_view text, size_t begin, size_t end) {
  if (!differs_) {
    if (begin == kept_ && text == source_.view().substr(begin, end - begin)) {
      kept_ = end;
      return;
    }
    start_copy();
  }
  // What is inserted belongs to the character that follows it, and to the last one where none follows.
  size_t first = begin, last = end;
  if (begin == end && begin < source_.size())
    last = std::min(begin + utf8_length(source_.view()[begin]), source_.size());
  if (begin == end && begin == source_.size() && begin > 0) first = begin - 1;
  const TextSpan span = first < last ? source_.origin(first, last) : source_.insertion_point(begin);
  result_.text_ += text;
  result_.origins_.insert(result_.origins_.end(), text.size(), span);
}

void TextEditor::start_copy() {
  differs_ = true;
  result_ = source_.slice(0, kept_);
  result_.make_table();
}

void TextEditor::finish(AlignedText& target) {
  if (!differs_ && kept_ == source_.size()) {
    if (&target != &source_) target = source_;
    return;
  }
  if (!differs_) start_copy();
  target = std::move(result_);
}

}  // namespace rondo::text
