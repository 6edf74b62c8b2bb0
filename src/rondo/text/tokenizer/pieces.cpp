// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/pieces.h"

#include <algorithm>
#include <utility>

#include "rondo/text/unicode/unicode.h"

namespace rondo::text {
namespace {

struct MarkedSpan {
  TextSpan span;
  bool is_match;
};

// The whole text as alternating matches and gaps.
void mark(uint32_t size, const std::vector<TextSpan>& matches, bool invert, std::vector<MarkedSpan>& out) {
  out.clear();
  uint32_t done = 0;
  for (const TextSpan& match : matches) {
    if (done != match.begin) out.push_back({{done, match.begin}, invert});
    out.push_back({match, !invert});
    done = match.end;
  }
  if (done != size) out.push_back({{done, size}, invert});
}

void merge_with_previous(const std::vector<MarkedSpan>& spans, std::vector<TextSpan>& out) {
  bool previous_match = false;
  for (const MarkedSpan& s : spans) {
    if (s.is_match && !previous_match && !out.empty()) {
      out.back().end = s.span.end;
    } else {
      out.push_back(s.span);
    }
    previous_match = s.is_match;
  }
}

void merge_with_next(const std::vector<MarkedSpan>& spans, std::vector<TextSpan>& out) {
  bool previous_match = false;
  for (auto s = spans.rbegin(); s != spans.rend(); ++s) {
    if (s->is_match && !previous_match && !out.empty()) {
      out.back().begin = s->span.begin;
    } else {
      out.push_back(s->span);
    }
    previous_match = s->is_match;
  }
  std::reverse(out.begin(), out.end());
}

void merge_contiguous(const std::vector<MarkedSpan>& spans, std::vector<TextSpan>& out) {
  for (size_t i = 0; i < spans.size(); ++i) {
    if (i > 0 && spans[i].is_match == spans[i - 1].is_match) {
      out.back().end = spans[i].span.end;
    } else {
      out.push_back(spans[i].span);
    }
  }
}

void cut(const std::vector<MarkedSpan>& spans, SplitBehavior behavior, std::vector<TextSpan>& out) {
  out.clear();
  switch (behavior) {
    case SplitBehavior::kRemoved:
      for (const MarkedSpan& s : spans) {
        if (!s.is_match) out.push_back(s.span);
      }
      break;
    case SplitBehavior::kIsolated:
      for (const MarkedSpan& s : spans) out.push_back(s.span);
      break;
    case SplitBehavior::kMergedWithPrevious:
      merge_with_previous(spans, out);
      break;
    case SplitBehavior::kMergedWithNext:
      merge_with_next(spans, out);
      break;
    case SplitBehavior::kContiguous:
      merge_contiguous(spans, out);
      break;
  }
}

}  // namespace

void split_pieces(PieceList& list, const MatchFinder& find, SplitBehavior behavior, bool invert) {
  std::vector<Piece> result;
  result.reserve(list.pieces.size() + list.text.size() / 4);
  std::vector<TextSpan> matches, parts;
  std::vector<MarkedSpan> spans;
  for (const Piece& piece : list.pieces) {
    if (piece.id >= 0) {
      result.push_back(piece);
      continue;
    }
    matches.clear();
    find(list.text.view().substr(piece.begin, piece.end - piece.begin), matches);
    mark(piece.end - piece.begin, matches, invert, spans);
    cut(spans, behavior, parts);
    for (const TextSpan& part : parts) {
      if (part.begin < part.end) result.push_back({piece.begin + part.begin, piece.begin + part.end, -1});
    }
  }
  list.pieces = std::move(result);
}

MatchFinder each_character(std::function<bool(char32_t)> accept) {
  return [accept = std::move(accept)](std::string_view text, std::vector<TextSpan>& matches) {
    for (size_t pos = 0; pos < text.size();) {
      const size_t begin = pos;
      if (accept(next_code_point(text, pos))) {
        matches.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(pos)});
      }
    }
  };
}

void rewrite_pieces(PieceList& list, const PieceRewriter& rewrite) {
  TextEditor editor(list.text);
  std::vector<Piece> result;
  result.reserve(list.pieces.size());
  for (const Piece& piece : list.pieces) {
    const auto begin = static_cast<uint32_t>(editor.size());
    if (piece.id >= 0) {
      editor.keep(piece.begin, piece.end);
    } else {
      rewrite(editor, piece.begin, piece.end);
    }
    const auto end = static_cast<uint32_t>(editor.size());
    if (begin < end || piece.id >= 0) result.push_back({begin, end, piece.id});
  }
  editor.finish(list.text);
  list.pieces = std::move(result);
}

}  // namespace rondo::text
