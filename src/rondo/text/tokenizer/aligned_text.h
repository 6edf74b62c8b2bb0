// SPDX-License-Identifier: Apache-2.0
// Text that remembers where each of its bytes comes from, so that tokens of a normalised text have positions in the
// original one. Unchanged text carries no table; the first edit makes one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::text {

/// Bytes [begin, end) of a text.
struct TextSpan {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool operator==(const TextSpan&) const = default;
};

class AlignedText {
 public:
  AlignedText() = default;
  /// Text that is its own original, beginning at byte `base` of it.
  explicit AlignedText(std::string text, uint32_t base = 0) : text_(std::move(text)), base_(base) {}

  std::string_view view() const { return text_; }
  size_t size() const { return text_.size(); }
  /// Where the bytes [begin, end) come from; begin < end.
  TextSpan origin(size_t begin, size_t end) const;
  /// The empty span before the byte at `pos`, for what was inserted there.
  TextSpan insertion_point(size_t pos) const;
  AlignedText slice(size_t begin, size_t end) const;
  void append(const AlignedText& other);

 private:
  friend class TextEditor;
  bool is_identity() const { return origins_.size() != text_.size() || text_.empty(); }
  void make_table();

  std::string text_;
  std::vector<TextSpan> origins_;  // one per byte, or empty: byte i comes from base_ + i
  uint32_t base_ = 0;
};

/// Rewrites a text from left to right. Bytes neither kept nor replaced are dropped.
class TextEditor {
 public:
  explicit TextEditor(const AlignedText& source) : source_(source) {}

  /// Copies the source bytes [begin, end).
  void keep(size_t begin, size_t end);
  /// Writes `text` in the place of the source bytes [begin, end); begin == end inserts.
  void put(std::string_view text, size_t begin, size_t end);
  /// Bytes written so far.
  size_t size() const { return differs_ ? result_.text_.size() : kept_; }
  /// Puts the result into `target`, which may be the source itself.
  void finish(AlignedText& target);

 private:
  void start_copy();

  const AlignedText& source_;
  AlignedText result_;
  size_t kept_ = 0;  // while nothing differs: the source's first bytes that are kept
  bool differs_ = false;
};

}  // namespace rondo::text
