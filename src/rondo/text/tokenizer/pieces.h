// SPDX-License-Identifier: Apache-2.0
// A text cut into pieces: what flows from the added tokens through the pre-tokenizers to the model.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "rondo/text/tokenizer/aligned_text.h"

namespace rondo::text {

/// Bytes [begin, end) of the list's text; `id` >= 0 where the piece already is a token.
struct Piece {
  uint32_t begin = 0;
  uint32_t end = 0;
  int32_t id = -1;
};

struct PieceList {
  AlignedText text;
  std::vector<Piece> pieces;
};

/// What becomes of the matches when a piece is cut at them.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// Appends the matches inside a text, from left to right, not overlapping.
using MatchFinder = std::function<void(std::string_view, std::vector<TextSpan>&)>;

/// Cuts every piece that is not a token yet. `invert` swaps the roles of matches and of what lies between them.
void split_pieces(PieceList& list, const MatchFinder& find, SplitBehavior behavior, bool invert);

/// Every character for which `accept` holds is a match of its own.
MatchFinder each_character(std::function<bool(char32_t)> accept);

/// Rewrites every piece that is not a token yet: `rewrite` gets the editor and the piece's bytes.
using PieceRewriter = std::function<void(TextEditor&, size_t begin, size_t end)>;
void rewrite_pieces(PieceList& list, const PieceRewriter& rewrite);

}  // namespace rondo::text
